/** The devices as cards: what each does is told live, and an operator steers it, with a reason. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { command } from '@labwright/kernel/statement';
import type { Page } from 'playwright-core';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { openDeviceDatabase } from '../../../testing/database.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
});
after(() => lab?.close());

async function send(method: string, url: string, body: unknown = {}) {
  const answer = await fetch(url, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(answer.ok, `${method} ${url}: ${answer.status}`);
  return (await answer.json()) as { id: string };
}

const card = (page: Page, name: string) =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });

/** A workflow that runs long enough to be looked at: its device goes at real speed. */
async function startWorkflow(name: string, device: string, steps: string[]): Promise<string> {
  await send('PATCH', `${lab.devices}/devices/${device}`, { settings: { speed: 1 } });
  const { id } = await send('POST', `${lab.workflows}/workflows`, { name, device_id: device, steps });
  await send('POST', `${lab.workflows}/workflows/${id}/start`, { auto: true });
  return id;
}

browserTest('what a device does is told as it happens', async (browser) => {
  const { page, faults } = await openPage(browser, `${lab.url}/ui/`);
  const handler = card(page, 'Liquid handler 1');
  await handler.getByText('available').waitFor();
  await page.getByLabel('Connection: Live').waitFor();
  await startWorkflow('Told live', 'liquid-handler-1', ['pipette_transfer', 'wash']);
  await handler.getByText('busy').waitFor();
  await handler.getByText('Told live').waitFor();
  await handler.getByText('Step 1 of 2: pipette transfer').waitFor();
  await handler.getByRole('progressbar').waitFor();
  const waiting = await send('POST', `${lab.workflows}/workflows`, {
    name: 'Waits',
    device_id: 'liquid-handler-1',
    steps: ['mix'],
  });
  await send('POST', `${lab.workflows}/workflows/${waiting.id}/start`, { queue: true });
  await handler.getByText('1 waits').waitFor();
  assert.deepEqual(faults, []);
});

browserTest('a device whose workflow waits for a person says so, and for whom', async (browser) => {
  const { id } = await send('POST', `${lab.workflows}/workflows`, {
    name: 'Needs a hand',
    device_id: 'centrifuge-1',
    steps: [
      {
        operator_task: {
          title: 'Balance the rotor',
          fields: [{ type: 'yes_no', name: 'any_bubbles', label: 'Any bubbles?' }],
        },
      },
      'spin',
    ],
  });
  await send('POST', `${lab.workflows}/workflows/${id}/start`, { auto: true });
  const { page } = await openPage(browser, `${lab.url}/ui/`);
  const link = card(page, 'Centrifuge 1').getByRole('link', { name: 'waits for a person' });
  await link.waitFor();
  const queue = await openPage(browser, `${lab.url}/ui/queue`, { size: 'phone' });
  const row = queue.page.getByRole('row').filter({ hasText: 'Centrifuge 1' });
  await row.getByText('waits for a person: Balance the rotor').waitFor();
  await assertAccessible(queue.page, 'the queues on a phone');

  const next = await send('POST', `${lab.workflows}/workflows`, {
    name: 'Comes next',
    device_id: 'centrifuge-1',
    steps: ['spin'],
  });
  const own = await openPage(browser, `${lab.url}/ui/workflows/${next.id}`);
  await own.page.getByRole('button', { name: 'Start', exact: true }).click();
  const dialog = own.page.getByRole('dialog');
  await dialog.getByText('Needs a hand holds it and waits for a person: Balance the rotor.').waitFor();
  await dialog.getByText('It is not known how long it takes.').waitFor();
  await own.page.keyboard.press('Escape');
  await send('POST', `${lab.workflows}/workflows/${next.id}/start`, { queue: true });
  await own.page.reload();
  const why = own.page.getByRole('list', { name: 'Why it waits' });
  await why.getByText('Needs a hand holds centrifuge-1 and waits for a person: Balance the rotor.').waitFor();
  assert.equal(await why.getByRole('listitem').count(), 1, 'it is said once');
  await link.click();
  await page.getByRole('heading', { name: 'Balance the rotor', level: 1 }).waitFor();
  await page.getByText('Step 1 of Needs a hand, which waits for it').waitFor();
  await page.getByRole('link', { name: 'Needs a hand' }).click();
  await page.getByText('Waits for a person to do Balance the rotor. The device stays booked').waitFor();
  await page.getByRole('link', { name: 'Balance the rotor' }).click();
  await page.getByLabel('No', { exact: true }).check();
  await page.getByRole('button', { name: 'Complete' }).click();
  await page.getByRole('link', { name: 'Needs a hand' }).click();
  await page.getByRole('term').getByText('Any bubbles?', { exact: true }).waitFor();
  // Told live: the rotor turns, and then there is a time again.
  await row.getByText('waits for a person').waitFor({ state: 'detached' });
});

browserTest('maintenance and back, by keyboard; the reason stands in the audit trail', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/`);
  const reader = card(page, 'Plate reader 1');
  await reader.getByLabel('Actions for Plate reader 1').focus();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: 'Start maintenance' }).focus();
  await page.keyboard.press('Enter');
  await page.getByLabel('Reason').fill('A new lamp');
  await assertAccessible(page, 'the confirmation');
  await page.getByRole('button', { name: 'Start maintenance' }).click();
  await reader.getByText('maintenance', { exact: true }).waitFor();
  const { entries } = (await (
    await fetch(`${lab.devices}/audit?subject=device:plate-reader-1&limit=1`)
  ).json()) as {
    entries: { action: string; reason: string | null }[];
  };
  assert.deepEqual([entries[0]?.action, entries[0]?.reason], ['device.change', 'A new lamp']);
  await reader.getByLabel('Actions for Plate reader 1').click();
  await page.getByRole('menuitem', { name: 'End maintenance' }).click();
  await page.getByRole('button', { name: 'It is ready' }).click();
  await reader.getByText('available').waitFor();
});

browserTest(
  'an abort asks for a reason, and what the service refuses is shown where it happened',
  async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/`);
    await startWorkflow('To be stopped', 'thermocycler-1', ['run_pcr']);
    const cycler = card(page, 'Thermocycler 1');
    await cycler.getByText('Step 1 of 1: run pcr').waitFor();
    await cycler.getByLabel('Actions for Thermocycler 1').click();
    await page.getByRole('menuitem', { name: 'Abort the operation' }).click();
    const dialog = page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'Abort' }).click();
    await dialog.getByText('Say why, in a few words.').waitFor();
    await dialog.getByLabel('Reason').fill('The lid stands open');
    // Somebody else is quicker: the answer to the second one is a refusal.
    await send('POST', `${lab.devices}/devices/thermocycler-1/abort`, { reason: 'quicker' });
    await dialog.getByRole('button', { name: 'Abort' }).click();
    await dialog.getByRole('alert').getByText('nothing_running').waitFor();
  },
);

browserTest('what is looked for stands in the address', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/?q=incubator`);
  await card(page, 'Incubator 1').waitFor();
  assert.equal(await page.getByRole('heading', { level: 2 }).count(), 2);
  await page.getByLabel('Find a device').fill('no such thing');
  await page.getByText('No matching devices').waitFor();
  await page.waitForURL(/q=no\+such\+thing/);
  await page.getByRole('button', { name: /Show all/ }).click();
  await card(page, 'Centrifuge 1').waitFor();
  assert.equal(new URL(page.url()).search, '');
});

/** As many changes of one device as others would make in a while, each with its event. */
const changeOften = command(
  'test.lab.change_often',
  `WITH changed AS (UPDATE devices SET location = $2 WHERE id = $1 RETURNING id, status, paused)
   INSERT INTO events (type, device_id, data)
   SELECT 'device.changed', id, jsonb_build_object('status', status, 'paused', paused, 'deleted', false)
   FROM changed, generate_series(1, 200)`,
);

browserTest(
  'a thousand events are a few questions, and draw nothing but the card that changed',
  async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/`);
    await card(page, 'Centrifuge 1').waitFor();
    await page.getByLabel('Connection: Live').waitFor();
    await page.evaluate(() => {
      const drawn: string[] = [];
      Object.assign(window, { drawn });
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const element = target instanceof Element ? target : target.parentElement;
          drawn.push(element?.closest('li')?.querySelector('h2')?.textContent ?? 'something else');
        }
      }).observe(document.querySelector('main ul') ?? document, {
        subtree: true,
        childList: true,
        characterData: true,
        attributes: true,
      });
    });
    let asked = 0;
    page.on('request', (request) => {
      if (request.url().includes('/overview')) asked += 1;
    });
    const begun = performance.now();
    const db = await openDeviceDatabase(lab);
    try {
      for (let round = 1; round <= 5; round += 1)
        await db.execute(changeOften, ['centrifuge-1', `Bench ${round}`]);
    } finally {
      await db.close();
    }
    await card(page, 'Centrifuge 1').getByText('Bench 5').waitFor();
    // One every 0.4 s at most, whatever the machine is like.
    const most = 1 + Math.ceil((performance.now() - begun) / 400);
    assert.ok(asked <= most, `${asked} questions; ${most} at most`);
    const drawn = await page.evaluate(() => (window as unknown as { drawn: string[] }).drawn);
    assert.ok(drawn.includes('Centrifuge 1'));
    // Nobody did anything to these.
    for (const still of ['Incubator 2', 'Plate reader 2', 'something else'])
      assert.ok(!drawn.includes(still), `${still} was drawn too`);
  },
);

browserTest('a card that was never in sight is steered by keyboard all the same', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/`, { size: 'phone' });
  await card(page, 'Centrifuge 1').waitFor();
  const name = await page
    .getByLabel(/^Actions for/)
    .last()
    .getAttribute('aria-label');
  // Before it is in sight it is a button without an id; the menu's own button, which takes its place and its focus, has one.
  await page.locator(`[aria-label="${name}"]:not([id])`).focus();
  await page.locator(`[aria-label="${name}"][id]:focus`).waitFor();
  await page.keyboard.press('Enter');
  await page.getByRole('menuitem', { name: /maintenance/ }).waitFor();
});

browserTest(
  'letters typed one after the other stay, whatever the address says meanwhile',
  async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/`);
    await card(page, 'Centrifuge 1').waitFor();
    const find = page.getByLabel('Find a device');
    await find.pressSequentially('incubator 2', { delay: 40 });
    assert.equal(await find.inputValue(), 'incubator 2');
    await page.waitForURL(/q=incubator\+2/);
    assert.equal(await page.getByRole('heading', { level: 2 }).count(), 1);
    await page.getByRole('link', { name: 'Queue', exact: true }).click();
    await page.getByRole('heading', { name: 'Queue', level: 1 }).waitFor();
    await page.goBack();
    await card(page, 'Incubator 2').waitFor();
    assert.equal(await find.inputValue(), 'incubator 2');
  },
);
