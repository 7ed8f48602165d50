import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { command } from '@labwright/kernel/statement';
import { emptyTables, type SamplesServer, startSamplesServer } from './testing.ts';

let lab: SamplesServer;
before(async () => {
  lab = await startSamplesServer();
});
after(() => lab.stop());
beforeEach(() => lab.database.db.execute(emptyTables));

const forgetKeys = command('samples.plates.test.forget_keys', 'DELETE FROM idempotency_keys');

test('201: 8 × 12 and named like its id unless said otherwise', async () => {
  const usual = await lab.post('/plates', { id: 'P1' });
  assert.equal(usual.status, 201);
  const { created_at, ...rest } = usual.body;
  assert.match(created_at, /Z$/);
  assert.deepEqual(rest, { id: 'P1', name: 'P1', rows: 8, columns: 12 });
  const own = await lab.post('/plates', { id: 'P2', name: 'Dilutions', rows: 16, columns: 24 });
  assert.deepEqual([own.body.name, own.body.rows, own.body.columns], ['Dilutions', 16, 24]);
});

test('400 for a size that no plate has, 409 for an id that is there', async () => {
  for (const body of [
    {},
    { id: '' },
    { id: 'a b' },
    { id: 'P1', rows: 33 },
    { id: 'P1', columns: 0 },
    { id: 'P1', rows: '8' },
  ]) {
    const answer = await lab.post('/plates', body);
    assert.deepEqual([answer.status, answer.body.code], [400, 'validation_failed']);
  }
  await lab.post('/plates', { id: 'P1' });
  const again = await lab.post('/plates', { id: 'P1' });
  assert.deepEqual([again.status, again.body.code], [409, 'plate_exists']);
});

test('the same key finds its plate, also where the first answer was lost', async () => {
  const key = { 'idempotency-key': 'plate' };
  const first = await lab.post('/plates', { id: 'P1' }, key);
  await lab.database.db.execute(forgetKeys);
  const again = await lab.post('/plates', { id: 'P1' }, key);
  assert.deepEqual([again.status, again.body], [201, first.body]);
});

test('GET /plates pages in the order of ids', async () => {
  for (const id of ['c', 'a', 'd', 'b']) await lab.post('/plates', { id });
  const first = (await lab.get('/plates?limit=3')).body;
  assert.deepEqual(
    first.plates.map((plate: { id: string }) => plate.id),
    ['a', 'b', 'c'],
  );
  const second = (await lab.get(`/plates?limit=3&cursor=${first.next_cursor}`)).body;
  assert.deepEqual(
    second.plates.map((plate: { id: string }) => plate.id),
    ['d'],
  );
  assert.equal(second.next_cursor, null);
  const wrong = await lab.get('/plates?cursor=zzz');
  assert.deepEqual([wrong.status, wrong.body.code], [400, 'invalid_cursor']);
});

test('GET /plates/{id}: its samples, row by row', async () => {
  await lab.post('/plates', { id: 'P1', rows: 32, columns: 48 });
  for (const [barcode, well] of [
    ['S1', 'AA1'],
    ['S2', 'B1'],
    ['S3', 'A10'],
    ['S4', 'A2'],
  ])
    await lab.post('/samples', { barcode, sample_type: 'blood', plate_id: 'P1', well });
  const answer = await lab.get('/plates/P1');
  assert.equal(answer.status, 200);
  assert.equal(answer.body.rows, 32);
  assert.deepEqual(
    answer.body.samples.map((sample: { well: string; barcode: string }) => [sample.well, sample.barcode]),
    [
      ['A2', 'S4'],
      ['A10', 'S3'],
      ['B1', 'S2'],
      ['AA1', 'S1'],
    ],
  );
  for (const id of ['P404', '%00', 'a%20b']) {
    const missing = await lab.get(`/plates/${id}`);
    assert.deepEqual([missing.status, missing.body.code], [404, 'plate_not_found']);
  }
});
