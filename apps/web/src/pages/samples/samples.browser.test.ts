/** Samples and plates in a real browser: found by a scanner, listed, imported with faults told, seen as wells, labelled. */
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
  const rows = Array.from(
    { length: 24 },
    (_, index) =>
      `W-${index + 1},blood,PLATE-W,${'AB'[Math.floor(index / 12)]}${(index % 12) + 1},${index * 5}`,
  );
  const answer = await fetch(`${lab.workflows}/samples/import?create_plates=true`, {
    method: 'POST',
    headers: { 'content-type': 'text/csv' },
    body: ['barcode,sample_type,plate_id,well,volume_ul', ...rows].join('\n'),
  });
  assert.equal(answer.status, 200, await answer.text());
});
after(() => lab?.close());

browserTest('a scanner finds a sample; filters are in the address', async (browser) => {
  const { page, faults } = await openPage(browser, `${lab.url}/ui/samples?q=W-1`);
  await page.getByRole('link', { name: 'W-12', exact: true }).waitFor();
  assert.equal(await page.getByRole('link', { name: 'W-2', exact: true }).count(), 0);
  await assertAccessible(page, 'the list of samples');
  await page.getByRole('textbox', { name: 'Type' }).fill('tissue');
  await page.getByText('No matching samples').waitFor();
  assert.match(page.url(), /q=W-1&type=tissue/);
  await page.getByRole('textbox', { name: 'Barcode' }).fill('W-999');
  await page.keyboard.press('Enter');
  await page.getByText('No sample has this barcode').waitFor();
  await page.getByRole('textbox', { name: 'Barcode' }).fill('W-13');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'W-13', level: 1 }).waitFor();
  await page.getByText('Not used yet').waitFor();
  await assertAccessible(page, 'a sample');

  const [label] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/labels')),
    (async () => {
      await page.getByRole('button', { name: 'Label' }).click();
      // This laboratory has the address that it begins with.
      await page.getByRole('alert').getByText('Phones cannot open this code').waitFor();
      await page.getByRole('button', { name: 'Make the label' }).click();
    })(),
  ]);
  assert.equal(label.status(), 200);
  await page.getByRole('img', { name: 'Label of W-13' }).waitFor();
  await page.getByRole('link', { name: 'Download W-13.svg' }).waitFor();
  const begins = { PNG: '\x89PNG', ZPL: '^XA' };
  for (const [format, beginning] of Object.entries(begins)) {
    await page.getByText(format, { exact: true }).click();
    await page.getByRole('button', { name: 'Make the label' }).click();
    const link = page.getByRole('link', { name: `Download W-13.${format.toLowerCase()}` });
    const [download] = await Promise.all([page.waitForEvent('download'), link.click()]);
    assert.equal(download.suggestedFilename(), `W-13.${format.toLowerCase()}`);
    const file = await readFile(await download.path(), 'latin1');
    assert.ok(file.startsWith(beginning), format);
  }
  await assertAccessible(page, 'a label');

  // What is gone meanwhile is told of before a label of it is made.
  await page.route(
    (url) => url.pathname.endsWith('/labels'),
    (route) =>
      route.continue({ postData: route.request().postData()?.replaceAll('"W-13"', '"W-13x"') ?? '' }),
  );
  await page.getByText('SVG', { exact: true }).click();
  await page.getByRole('button', { name: 'Make the label' }).click();
  await page.getByText('There is no sample W-13x: the code would lead nowhere. Print anyway?').waitFor();
  await page.getByRole('button', { name: 'Print anyway' }).click();
  await page.getByRole('img', { name: 'Label of W-13' }).waitFor();
  await page.unrouteAll();

  // Many labels say of what they are.
  await page.goto(`${lab.url}/ui/samples?q=W-1`);
  await page.getByRole('link', { name: 'W-13', exact: true }).waitFor();
  await page.getByRole('button', { name: 'Labels' }).click();
  await page.getByText(/^Of the \d+ samples that the list shows: W-1, W-10, W-11 … W-19$/).waitFor();
  await assertAccessible(page, 'many labels');
  assert.deepEqual(faults, []);
});

browserTest(
  'a plate: wells coloured by what is in them, arrows move, a table says the same',
  async (browser) => {
    const { page, faults } = await openPage(browser, `${lab.url}/ui/plates/PLATE-W`, { scheme: 'dark' });
    const first = page.getByRole('button', { name: 'A1, W-1, Volume 0 µL' });
    await first.waitFor();
    assert.equal(await first.getAttribute('data-level'), '0');
    assert.equal(await page.locator('[data-well="B12"]').getAttribute('data-level'), '6');
    assert.equal(await page.locator('[data-well="C1"]').getAttribute('data-level'), null);
    await assertAccessible(page, 'a plate');
    await first.focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Well B2' }).waitFor();
    await page.getByRole('link', { name: 'W-14' }).waitFor();
    assert.match(page.url(), /well=B2/);
    await page.getByText('Table', { exact: true }).click();
    await page.getByRole('row', { name: 'B12 W-24 blood 115' }).waitFor();
    await assertAccessible(page, 'a plate as a table');
    assert.deepEqual(faults, []);
  },
);

browserTest(
  'a plate of 384 wells on a phone: every well is reached, and the table says the same',
  async (browser) => {
    const made = await fetch(`${lab.workflows}/plates`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'PLATE-384', name: 'Big plate', rows: 16, columns: 24 }),
    });
    assert.equal(made.status, 201, await made.text());
    const wells = Array.from({ length: 384 }, (_, index) => ({
      well: `${'ABCDEFGHIJKLMNOP'[Math.floor(index / 24)]}${(index % 24) + 1}`,
      volume: index,
    }));
    const imported = await fetch(`${lab.workflows}/samples/import`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: [
        'barcode,sample_type,plate_id,well,volume_ul',
        ...wells.map(({ well, volume }) => `B-${well},blood,PLATE-384,${well},${volume}`),
      ].join('\n'),
    });
    assert.equal(imported.status, 200, await imported.text());
    const { page, faults } = await openPage(browser, `${lab.url}/ui/plates/PLATE-384`, { size: 'phone' });
    const first = page.getByRole('button', { name: 'A1, B-A1, Volume 0 µL' });
    await first.waitFor();
    assert.equal(await page.locator('[data-well]').count(), 384);
    await assertAccessible(page, 'a plate of 384 wells');
    await first.focus();
    await page.keyboard.press('Control+End');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Well P24' }).waitFor();
    await page.getByRole('link', { name: 'B-P24', exact: true }).waitFor();
    assert.equal(await page.locator('[data-well="P24"]').getAttribute('data-level'), '6');
    await page.getByText('Table', { exact: true }).click();
    await page.getByRole('row', { name: 'P24 B-P24 blood 383' }).waitFor();
    const { beyond } = await page.evaluate(() => ({
      beyond: document.documentElement.scrollWidth - window.innerWidth,
    }));
    assert.ok(beyond <= 0, `the page is ${beyond} px wider than the phone`);
    assert.deepEqual(faults, []);
  },
);

browserTest(
  'a file with bad rows: each is told by its line, and nothing is imported unless one says so',
  async (browser) => {
    const { page, faults } = await openPage(browser, `${lab.url}/ui/import`, { size: 'phone' });
    const csv = 'barcode,sample_type,plate_id,well\nI-1,blood,,\nI-2,blood,PLATE-I,Z99\nW-1,blood,,\n';
    await page
      .locator('input[type="file"]')
      .setInputFiles({ name: 'samples.csv', mimeType: 'text/csv', buffer: Buffer.from(csv) });
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByText('Nothing was imported').waitFor();
    await page.getByRole('heading', { name: '2 bad rows' }).waitFor();
    await page.getByRole('row', { name: /^3 well/ }).waitFor();
    await page.getByRole('row', { name: /^4 barcode/ }).waitFor();
    await assertAccessible(page, 'an import with faults');
    await page.getByLabel('Import the valid rows').check();
    await page.getByRole('button', { name: 'Import', exact: true }).click();
    await page.getByRole('link', { name: 'Show the samples' }).waitFor();
    assert.equal((await fetch(`${lab.workflows}/samples/I-1`)).status, 200);
    assert.deepEqual(faults, []);
  },
);

browserTest(
  '1,536 wells: on a phone, by keyboard from corner to corner, each with its colour',
  async (browser) => {
    const rowNames = Array.from(
      { length: 32 },
      (_, row) => (row < 26 ? '' : 'A') + String.fromCharCode(65 + (row % 26)),
    );
    const lines = rowNames.flatMap((row, y) =>
      Array.from({ length: 48 }, (_, x) => `L-${row}${x + 1},blood,PLATE-L,${row}${x + 1},${y * 48 + x}`),
    );
    const made = await fetch(`${lab.workflows}/plates`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ id: 'PLATE-L', name: 'Large plate', rows: 32, columns: 48 }),
    });
    assert.ok(made.ok, await made.text());
    const imported = await fetch(`${lab.workflows}/samples/import`, {
      method: 'POST',
      headers: { 'content-type': 'text/csv' },
      body: ['barcode,sample_type,plate_id,well,volume_ul', ...lines].join('\n'),
    });
    assert.equal(imported.status, 200, await imported.text());
    const { page, faults } = await openPage(browser, `${lab.url}/ui/plates/PLATE-L`, { size: 'phone' });
    const first = page.locator('[data-well="A1"]');
    await first.waitFor();
    assert.equal(await page.locator('button[data-level]').count(), 1_536);
    assert.equal(await first.getAttribute('data-level'), '0');
    assert.equal(await page.locator('[data-well="AF48"]').getAttribute('data-level'), '6');
    await first.focus();
    await page.keyboard.press('Control+End');
    const focused = () => page.evaluate(() => (document.activeElement as HTMLElement).dataset.well);
    assert.equal(await focused(), 'AF48');
    assert.equal(
      await page.locator('button[data-well][tabindex="0"]').count(),
      1,
      'one well takes the focus',
    );
    const inSight = await page.evaluate(() => {
      const well = document.activeElement?.getBoundingClientRect();
      return well !== undefined && well.right <= innerWidth && well.left >= 0 && well.bottom <= innerHeight;
    });
    assert.ok(inSight, 'what has the focus is in sight');
    await page.keyboard.press('PageUp');
    assert.equal(await focused(), 'X48');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Well X48' }).waitFor();
    await page.getByRole('link', { name: 'L-X48' }).waitFor();
    assert.deepEqual(faults, []);
  },
);
