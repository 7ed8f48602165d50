/** A queue in a real browser: what another priority means for whom is seen before it is given, by key and by drag. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
});
after(() => lab?.close());

async function send(method: string, url: string, body: object = {}): Promise<{ id: string }> {
  const response = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${url}: ${response.status} ${await response.clone().text()}`);
  return (await response.json()) as { id: string };
}

/** A device that is held, and three that wait for it. */
async function busyDevice(id: string) {
  await send('POST', `${lab.devices}/devices`, { id, name: `The ${id}`, type: 'liquid_handler' });
  for (const [name, priority] of [
    ['Holder', 'normal'],
    ['Early', 'normal'],
    ['Later', 'normal'],
    ['Patient', 'low'],
  ] as const) {
    const made = await send('POST', `${lab.workflows}/workflows`, {
      name: `${name} of ${id}`,
      device_id: id,
      steps: ['mix', 'wash'],
    });
    await send('POST', `${lab.workflows}/workflows/${made.id}/start`, { queue: true, priority });
  }
}

browserTest(
  'by key: the preview names who is delayed, and only the confirmation changes the order',
  async (browser) => {
    await busyDevice('keyed');
    const { page, faults } = await openPage(browser, `${lab.url}/ui/queue`);
    await page.getByRole('link', { name: 'The keyed' }).click();
    await page.getByRole('heading', { name: 'Queue of The keyed', level: 1 }).waitFor();
    const low = page.getByRole('region', { name: 'Low' });
    const urgent = page.getByRole('region', { name: 'Urgent' });
    await low.getByRole('link', { name: 'Patient of keyed' }).focus();
    await page.keyboard.press('Alt+ArrowUp');
    const dialog = page.getByRole('dialog', { name: 'Make it normal?' });
    await dialog.getByText('Nobody else changes place.').waitFor();
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await low.getByRole('link', { name: 'Patient of keyed' }).waitFor();

    await page.getByRole('button', { name: 'Make number 2 urgent' }).click();
    const asked = page.getByRole('dialog', { name: 'Make it urgent?' });
    const row = asked.getByRole('row', { name: /Early of keyed/ });
    await row.getByText('1 → 2').waitFor();
    await row.getByText(/ later$/).waitFor();
    await assertAccessible(page, 'what another priority means');
    await asked.getByLabel('Reason').fill('The samples thaw');
    await asked.getByRole('button', { name: 'Make it urgent' }).click();
    await urgent.getByRole('link', { name: 'Later of keyed' }).waitFor();
    await assertAccessible(page, 'the queue of a device');
    const phone = await openPage(browser, `${lab.url}/ui/queue/keyed`, { size: 'phone' });
    const told = await phone.page
      .getByText(/^It is not known when its turn comes/)
      .first()
      .boundingBox();
    assert.ok((told?.width ?? 0) > 200, `on a phone a sentence has ${told?.width} points`);
    assert.deepEqual(faults, []);
  },
);

browserTest(
  'by drag, on two screens: the other sees it live, and who was too late is told',
  async (browser) => {
    await busyDevice('dragged');
    const url = `${lab.url}/ui/queue/dragged`;
    const { page } = await openPage(browser, url);
    const { page: other } = await openPage(browser, url, { scheme: 'dark' });
    const low = (of: typeof page) => of.getByRole('region', { name: 'Low' });
    for (const each of [page, other])
      await low(each).getByRole('link', { name: 'Patient of dragged' }).waitFor();
    // Both mean the same entry; the second one has decided by what is no longer so.
    await other.getByRole('button', { name: 'Make number 3 normal' }).click();
    await other.getByRole('dialog').getByText('Nobody else changes place.').waitFor();
    await low(page)
      .getByRole('listitem')
      .locator('[draggable]')
      .dragTo(page.getByRole('region', { name: 'Urgent' }));
    const dialog = page.getByRole('dialog', { name: 'Make it urgent?' });
    await dialog
      .getByRole('row', { name: /Later of dragged/ })
      .getByText('2 → 3')
      .waitFor();
    await dialog.getByRole('button', { name: 'Make it urgent' }).click();
    await page
      .getByRole('region', { name: 'Urgent' })
      .getByRole('link', { name: 'Patient of dragged' })
      .waitFor();
    await other.getByRole('dialog').getByRole('button', { name: 'Make it normal' }).click();
    await other.getByRole('dialog').getByText('somebody else moved it').waitFor();
    await other.getByRole('button', { name: 'Go back' }).click();
    await other
      .getByRole('region', { name: 'Urgent' })
      .getByRole('link', { name: 'Patient of dragged' })
      .waitFor();
  },
);

browserTest(
  'a queue on a phone, in the dark; an entry is taken out; a device that stands says so',
  async (browser) => {
    await busyDevice('pocket');
    const { page, faults } = await openPage(browser, `${lab.url}/ui/queue/pocket`, {
      size: 'phone',
      scheme: 'dark',
    });
    await page.getByRole('button', { name: 'Take number 1 out of the queue' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Take it out' }).click();
    await page.getByRole('link', { name: 'Early of pocket' }).waitFor({ state: 'detached' });
    await send('PATCH', `${lab.devices}/devices/pocket`, { status: 'maintenance' });
    await page.getByText('It is not known when the queue moves on').waitFor();
    await assertAccessible(page, 'a queue on a phone');
    await page.goto(`${lab.url}/ui/queue/incubator-1`);
    await page.getByText('The queue is empty').waitFor();
    assert.deepEqual(faults, []);
  },
);
