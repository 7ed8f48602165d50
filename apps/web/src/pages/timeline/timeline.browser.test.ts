/** The timeline: past and expected, as a picture and as text. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, looks, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
  const send = (method: string, url: string, body: unknown) =>
    fetch(url, { method, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  await send('PATCH', `${lab.devices}/devices/incubator-1`, { settings: { speed: 1 } });
  for (const name of ['Holds it', 'Waits for it']) {
    const made = await send('POST', `${lab.workflows}/workflows`, {
      name,
      device_id: 'incubator-1',
      steps: ['incubate'],
    });
    const { id } = (await made.json()) as { id: string };
    await send('POST', `${lab.workflows}/workflows/${id}/start`, { auto: true, queue: true });
  }
});
after(() => lab?.close());

for (const { scheme, size } of looks)
  browserTest(`the picture and the table can be used by everybody: ${scheme}, ${size}`, async (browser) => {
    const { page, faults } = await openPage(browser, `${lab.url}/ui/timeline`, { scheme, size });
    await page.getByLabel('Timeline of the devices').waitFor();
    await page.getByLabel('Connection: Live').waitFor();
    await assertAccessible(page, `the picture, ${scheme}, ${size}`);
    await page.getByText('Table', { exact: true }).click();
    await page.getByRole('cell', { name: 'Waits for it' }).waitFor();
    await assertAccessible(page, `the table, ${scheme}, ${size}`);
    assert.deepEqual(faults, []);
  });

browserTest('by keyboard: what a device does, and why somebody waits for it', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/timeline?span=10+min`);
  const picture = page.getByLabel('Timeline of the devices');
  await page.getByText('Incubator 1').waitFor();
  await picture.focus();
  const said = page.locator('[aria-live="polite"]', { hasText: 'Incubator 1' });
  // Down to the row of the incubator, and to the right until what is said is about who waits.
  for (let row = 0; row < 8 && (await said.count()) === 0; row += 1) await page.keyboard.press('ArrowDown');
  for (let bar = 0; bar < 40; bar += 1) {
    if (/waits, place 1/.test((await said.textContent()) ?? '')) break;
    await page.keyboard.press('ArrowRight');
  }
  assert.match((await said.textContent()) ?? '', /waits, place 1, normal, expected.*holds incubator-1/);
});
