import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { pages } from './pages.ts';
import { type ClientLab, openClientLab } from './testing/lab.ts';

let lab: ClientLab;
before(async () => {
  lab = await openClientLab();
});
after(() => lab.close());

test('no row is missed and none comes twice while rows are added before, between and behind', async () => {
  const { samples } = lab.client;
  const barcode = (number: number) => `PAGED-${String(number).padStart(5, '0')}`;
  const there = Array.from({ length: 60 }, (_, index) => barcode(1_000 + index * 10));
  const csv = (barcodes: string[]) =>
    `barcode,sample_type\n${barcodes.map((code) => `${code},blood`).join('\n')}\n`;
  assert.equal((await samples.import(csv(there))).imported, there.length);

  const seen: string[] = [];
  let added = 0;
  for await (const sample of samples.list({ barcode_prefix: 'PAGED-', limit: 7 })) {
    seen.push(sample.barcode);
    // Around the place that was read last.
    if (seen.length % 5 === 0 && added < 20) {
      added += 1;
      const at = Number(sample.barcode.slice(6));
      await samples.import(csv([barcode(at - 3), barcode(at + 3), barcode(90_000 + added)]), {
        partial: true,
      });
    }
  }
  assert.ok(added >= 10);
  assert.equal(new Set(seen).size, seen.length, 'a row came twice');
  const kept = new Set(there);
  assert.deepEqual(
    seen.filter((code) => kept.has(code)),
    there,
    'a row that was there was missed, or came out of order',
  );
});

test('page by page, from a cursor, and no more than somebody wants', async () => {
  const { devices } = lab.client;
  const all = await devices.list().toArray();
  const read: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await devices.list({ limit: 2, ...(cursor === null ? {} : { cursor }) }).firstPage();
    assert.ok(page.rows.length <= 2);
    read.push(...page.rows.map(({ id }) => id));
    cursor = page.next_cursor;
  } while (cursor !== null);
  assert.deepEqual(
    read,
    all.map(({ id }) => id),
  );
  const sizes: number[] = [];
  for await (const { rows } of devices.list({ limit: 2 }).byPage()) sizes.push(rows.length);
  assert.equal(
    sizes.reduce((sum, size) => sum + size, 0),
    all.length,
  );
  assert.deepEqual(await devices.list().toArray(2), all.slice(0, 2));
  assert.deepEqual(await devices.list().toArray(0), []);
});

test('the next page is asked for ahead once somebody has come to the second, and given up where they stop', async () => {
  const asked: number[] = [];
  const aborted: number[] = [];
  const list = () => {
    asked.length = 0;
    return pages<number>(async (cursor = '0', signal) => {
      const page = Number(cursor);
      asked.push(page);
      signal.addEventListener('abort', () => aborted.push(page));
      return { rows: [page * 2, page * 2 + 1], next_cursor: page === 4 ? null : String(page + 1) };
    });
  };
  for await (const row of list()) if (row === 1) break;
  assert.deepEqual(asked, [0], 'somebody who reads one page caused more');
  for await (const row of list()) if (row === 2) break;
  assert.deepEqual(asked, [0, 1, 2]);
  assert.ok(aborted.includes(2));
  const rows: number[] = [];
  for await (const row of list()) rows.push(row);
  assert.deepEqual(rows, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(asked, [0, 1, 2, 3, 4]);
  for await (const { rows } of list().byPage()) if (rows[0] === 4) break;
  assert.deepEqual(asked, [0, 1, 2]);
});

test('a page that fails is thrown where it is wanted', async () => {
  const list = pages<number>(async (cursor = '0') => {
    if (cursor === '2') throw new Error('gone');
    return { rows: [Number(cursor)], next_cursor: String(Number(cursor) + 1) };
  });
  const rows: number[] = [];
  await assert.rejects(async () => {
    for await (const row of list) rows.push(row);
  }, /gone/);
  assert.deepEqual(rows, [0, 1]);
});
