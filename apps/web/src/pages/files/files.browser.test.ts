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
    const refused = page.getByRole('list', { name: 'Files that were not uploaded' }).getByRole('listitem');
    await refused.filter({ hasText: 'empty.csv' }).getByRole('alert').waitFor();
    await page.getByRole('button', { name: 'Download raw.bin' }).waitFor();
    assert.equal(pieces.length, 2);
    await page.getByText('2 values of').waitFor();
    await assertAccessible(page, 'files');
    // The one that was refused is kept, tried again when there is cause to, and else removed.
    await page.getByText('One file was not uploaded').waitFor();
    const again = page.waitForResponse(
      (response) => response.request().method() === 'POST' && response.url().endsWith('/uploads'),
    );
    await page.getByRole('button', { name: 'Try again: empty.csv' }).click();
    assert.equal((await again).status(), 400);
    await page.getByRole('button', { name: 'Remove empty.csv' }).click();
    assert.equal(await refused.count(), 0);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download reader.csv' }).click(),
    ]);
    assert.equal(download.suggestedFilename(), 'reader.csv');
    assert.deepEqual(faults, []);
  },
);

browserTest(
  'an answer that is lost is asked about: the file is there once, and nothing is sent again as another',
  async (browser) => {
    const { page, faults } = await openPage(browser, `${lab.url}/ui/queue`);
    await page.addInitScript(() => {
      // The hub has done it, and the page never hears of it: of each form, of each second piece, and of the word that all is there.
      const lost = /\/complete$/;
      const { open, send } = XMLHttpRequest.prototype;
      const asked = new WeakMap<XMLHttpRequest, string>();
      XMLHttpRequest.prototype.open = function (this: XMLHttpRequest, method: string, url: string | URL) {
        asked.set(this, `${method} ${url}`);
        open.call(this, method, url, true);
      };
      const piecesLeft = new Map<string, number>();
      XMLHttpRequest.prototype.send = function (this: XMLHttpRequest, body) {
        const what = asked.get(this) ?? '';
        const count = (piecesLeft.get(what) ?? 0) + 1;
        piecesLeft.set(what, count);
        if ((what.startsWith('PATCH') && count === 2) || what.startsWith('POST'))
          this.addEventListener(
            'load',
            (event) => {
              event.stopImmediatePropagation();
              this.dispatchEvent(new Event('error'));
            },
            { capture: true },
          );
        send.call(this, body);
      };
      const { fetch } = window;
      const seen = new Set<string>();
      window.fetch = async (input, init) => {
        const answer = await fetch(input, init);
        const { pathname } = new URL(answer.url);
        if (!lost.test(pathname) || seen.has(pathname)) return answer;
        seen.add(pathname);
        throw new TypeError('Failed to fetch');
      };
    });
    await page.goto(`${lab.url}/ui/files`);
    await page.locator('input[type="file"]').setInputFiles([
      {
        name: 'lost.csv',
        mimeType: 'text/csv',
        buffer: Buffer.from('well,measurement,value\nB1,OD 600,0.5\n'),
      },
      { name: 'lost.bin', mimeType: 'application/octet-stream', buffer: Buffer.alloc(11 * 1024 * 1024, 9) },
    ]);
    await page.getByRole('button', { name: 'Send', exact: true }).click();
    await page.getByRole('button', { name: 'Download lost.csv' }).waitFor();
    await page.getByRole('button', { name: 'Download lost.bin' }).waitFor();
    await page.getByRole('button', { name: 'Send', exact: true }).waitFor();
    assert.equal(await page.getByText('not uploaded').count(), 0);
    const { files } = (await (await fetch(`${lab.url}/files?limit=100`)).json()) as {
      files: { name: string }[];
    };
    assert.deepEqual(
      files
        .map(({ name }) => name)
        .filter((name) => name.startsWith('lost'))
        .sort(),
      ['lost.bin', 'lost.csv'],
    );
    assert.deepEqual(faults, []);
  },
);
