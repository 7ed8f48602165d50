/** The logs in a real browser: far back without gaps, filters in the address, a file of all that fits, and what is new by itself. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, looks, openPage } from '../../../testing/browser.ts';
import { openDeviceDatabase } from '../../../testing/database.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

const rows = 1_200;
let lab: BrowserLab;
before(async () => {
  lab = await startLab();
  const db = await openDeviceDatabase(lab);
  await db.raw(`
    INSERT INTO execution_logs (device_id, device_type, operation, parameters, status, result, error, started_at, finished_at, workflow_id)
    SELECT 'archive-1', 'incubator', 'step_' || i, '{"plate": "P-1"}', CASE WHEN i % 100 = 0 THEN 'failed' ELSE 'succeeded' END, '{}',
      CASE WHEN i % 100 = 0 THEN '{"code": "device_fault", "message": "the lid is stuck"}'::jsonb END,
      now() - i * interval '1 minute', now() - i * interval '1 minute' + interval '4 seconds', 'w-' || i % 40
    FROM generate_series(1, ${rows}) i`);
  await db.close();
});
after(() => lab?.close());

browserTest('filters live in the address, and a file holds all that they fit', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/logs`);
  await page.getByRole('textbox', { name: 'Workflow' }).fill('w-20');
  await page.waitForURL(/workflow=w-20/);
  await page.getByText('step_20', { exact: true }).waitFor();
  await page.reload();
  await page.getByText('step_20', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Export' }).click();
  const [download] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('menuitem', { name: 'NDJSON, for programs' }).click(),
  ]);
  const lines = (await readFile(await download.path(), 'utf8')).trim().split('\n');
  assert.equal(lines.length, rows / 40);
  assert.ok(lines.every((line) => JSON.parse(line).workflow_id === 'w-20'));
});

browserTest('far back without a gap, and to the first row again by keyboard', async (browser) => {
  const { page, faults } = await openPage(browser, `${lab.url}/ui/logs?device=archive-1`);
  await page.getByText('step_1', { exact: true }).waitFor();
  // As far down as there is something, until the oldest one is reached.
  await page.waitForFunction((last) => {
    scrollTo(0, document.documentElement.scrollHeight);
    return document.querySelector(`[data-row="${last}"]`) !== null;
  }, rows - 1);
  await page.getByText(`step_${rows}`, { exact: true }).waitFor();
  await page.getByText(`${rows.toLocaleString('en')} rows`, { exact: true }).waitFor();
  const seen = await page.locator('[data-row]').evaluateAll((buttons) =>
    buttons
      .map((button) => {
        const { top, bottom } = button.getBoundingClientRect();
        return { row: Number((button as HTMLElement).dataset.row), top, bottom };
      })
      .sort((a, b) => a.row - b.row),
  );
  assert.ok(seen.length < 100, `${seen.length} rows are in the page at once`);
  for (const [index, { row, top }] of seen.entries()) {
    const before = seen[index - 1];
    if (!before) continue;
    assert.equal(row, before.row + 1);
    assert.ok(Math.abs(top - before.bottom) < 2, `there are ${top - before.bottom} pixels before row ${row}`);
  }
  assert.equal(seen.at(-1)?.row, rows - 1);

  await page.locator(`[data-row="${rows - 1}"]`).focus();
  await page.keyboard.press('PageUp');
  await page.waitForFunction(
    (row) => (document.activeElement as HTMLElement).dataset.row === row,
    `${rows - 11}`,
  );
  await page.keyboard.press('Home');
  await page.waitForFunction(() => (document.activeElement as HTMLElement).dataset.row === '0');
  await page.getByText('step_1', { exact: true }).waitFor();
  assert.deepEqual(faults, []);
});

browserTest('what a device does now stands above, without a touch', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/logs?workflow=w-live`);
  await page.getByText('Nothing here yet').waitFor();
  const post = async (path: string, body: object) => {
    const answer = await fetch(`${lab.devices}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    assert.ok(answer.ok, await answer.text());
  };
  await post('/devices/incubator-2/book', { workflow_id: 'w-live' });
  // Every parameter has a default.
  await post('/devices/incubator-2/execute', {
    workflow_id: 'w-live',
    operation: 'incubate',
    wait_seconds: 0,
  });
  await page.getByText('incubate', { exact: true }).waitFor();
});

for (const { scheme, size } of looks)
  browserTest(`the logs can be used by everybody: ${scheme}, ${size}`, async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/logs?device=archive-1`, { scheme, size });
    await page.getByText('step_1', { exact: true }).waitFor();
    await assertAccessible(page, `logs, ${scheme}, ${size}`);
    await page.locator('[data-row="0"]').click();
    await page.getByRole('dialog').getByText('Parameters').first().waitFor();
    await assertAccessible(page, `one row, ${scheme}, ${size}`);
    await page.keyboard.press('Escape');
    await page.goto(`${lab.url}/ui/logs?operation=never`);
    await page.getByText('Nothing here yet').waitFor();
  });
