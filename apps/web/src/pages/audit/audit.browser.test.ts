/** The audit trail in a real browser: what changed is shown, the chain is verified, and an edit is found and named. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, looks, openPage } from '../../../testing/browser.ts';
import { openDeviceDatabase } from '../../../testing/database.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
  for (const status of ['maintenance', 'available', 'maintenance']) {
    const answer = await fetch(`${lab.devices}/devices/incubator-1`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ status }),
    });
    assert.equal(answer.status, 200);
  }
});
after(() => lab?.close());

for (const { scheme, size } of looks)
  browserTest(`the audit trail can be used by everybody: ${scheme}, ${size}`, async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/audit`, { scheme, size });
    await page.getByText('3 in all').waitFor();
    await page.getByRole('button', { name: 'Verify the chain' }).click();
    await page.getByText('The chain is intact').waitFor();
    await assertAccessible(page, `audit, ${scheme}, ${size}`);
  });

browserTest('an entry opens beside the list: what changed, and its place in the chain', async (browser) => {
  const { page, faults } = await openPage(browser, `${lab.url}/ui/audit`);
  // In a low window the menu scrolls, to where one is.
  await page.setViewportSize({ width: 1280, height: 657 });
  await page.reload();
  const here = page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: 'Audit' });
  await here.waitFor();
  const box = await here.boundingBox();
  assert.ok(box && box.y > 0 && box.y + box.height <= 657, `Audit stands at ${box?.y}`);
  const entry = page.getByRole('button', { name: 'Entry 3', exact: true });
  await entry.press('Enter');
  const sheet = page.getByRole('dialog', { name: 'Entry 3: device.change' });
  const status = sheet.getByRole('row').filter({ has: page.getByRole('rowheader', { name: 'status' }) });
  await status.waitFor();
  assert.deepEqual(await status.getByRole('cell').allTextContents(), ['available', 'maintenance']);
  const { entries } = await (await fetch(`${lab.devices}/audit?limit=1`)).json();
  await sheet.getByText(entries[0].hash, { exact: true }).waitFor();
  await sheet.getByText(entries[0].prev, { exact: true }).waitFor();
  await assertAccessible(page, 'an entry of the audit trail');
  await page.keyboard.press('Escape');
  await sheet.waitFor({ state: 'detached' });
  await page.waitForFunction(() => document.activeElement?.textContent === 'Entry 3');
  assert.deepEqual(faults, []);
});

browserTest('a head that was kept is checked; what somebody edits is found and named', async (browser) => {
  const { head } = await (await fetch(`${lab.devices}/audit/head`)).json();
  const { page } = await openPage(browser, `${lab.url}/ui/audit`);
  const kept = page.getByRole('textbox', { name: 'Check from a head you kept' });
  await kept.fill('nonsense');
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await page.getByText('That is no head').first().waitFor();
  await kept.fill(head);
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await page.getByText('nothing before it was changed or cut off').waitFor();

  const db = await openDeviceDatabase(lab);
  await db.raw(`ALTER TABLE audit_entries DISABLE TRIGGER ALL;
    UPDATE audit_entries SET reason = 'another' WHERE seq = 2;
    ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_link, ENABLE ALWAYS TRIGGER audit_entries_keep`);
  await db.close();
  await kept.fill('');
  await page.getByRole('button', { name: 'Verify the chain' }).click();
  await page.getByText('The record was tampered with').waitFor();
  await page.getByText(/Entry 2 .* was edited/).waitFor();
});
