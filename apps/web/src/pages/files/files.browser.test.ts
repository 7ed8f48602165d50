/** Files in a real browser: sent by policy, in pieces where they are large, read, refused with a reason, fetched again. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
});
after(() => lab?.close());

browserTest(
  'a table of a reader is sent, read, and fetched again; a large file goes in pieces',
  async (browser) => {
    const { page, faults } = await openPage(browser, `${lab.url}/ui/files`);
    await page.getByText('No files yet').waitFor();
    const table = 'well,measurement,value\nA1,OD 600,0.5\nA2,OD 600,0.7\n';
    const large = Buffer.alloc(11 * 1024 * 1024, 7);
    await page.locator('input[type="file"]').setInputFiles([
      { name: 'reader.csv', mimeType: 'text/csv', buffer: Buffer.from(table) },
      { name: 'empty.csv', mimeType: 'text/csv', buffer: Buffer.alloc(0) },
      { name: 'raw.bin', mimeType: 'application/octet-stream', buffer: large },
    ]);
    await page.getByLabel('Plate (optional)').fill('PLATE-F');
    const pieces: string[] = [];
    page.on('request', (request) => request.method() === 'PATCH' && pieces.push(request.url()));
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByText('empty.csv was not taken:').waitFor();
    await page.getByRole('button', { name: 'Download raw.bin' }).waitFor();
    assert.equal(pieces.length, 2);
    await page.getByText('2 values of').waitFor();
    await assertAccessible(page, 'files');
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download reader.csv' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'reader.csv');
    assert.deepEqual(faults, []);
  },
);
