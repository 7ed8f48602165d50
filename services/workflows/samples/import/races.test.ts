import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { emptyTables, type SamplesServer, startSamplesServer } from '../testing.ts';

let lab: SamplesServer;
before(async () => {
  lab = await startSamplesServer();
});
after(() => lab.stop());
beforeEach(() => lab.database.db.execute(emptyTables));

const fileOf = (count: number, from = 0) =>
  `barcode,sample_type,plate_id,well\n${Array.from(
    { length: count },
    (_, i) =>
      `S${i + from},blood,P${Math.floor((i + from) / 96)},${'ABCDEFGH'[i % 8]}${(Math.floor((i + from) / 8) % 12) + 1}\n`,
  ).join('')}`;

const waiting = rows(
  'samples.races.waiting',
  Type.Object({ n: Type.Integer() }),
  `SELECT count(*)::integer AS n FROM pg_stat_activity
   WHERE datname = current_database() AND wait_event_type = 'Lock'`,
);

/** Resolves when so many statements wait for other transactions. */
async function untilWaiting(count: number): Promise<void> {
  while (((await lab.database.db.first(waiting))?.n ?? 0) < count);
}

/** Holds a transaction open around `work`: what `change` did is seen by others after it only. */
async function meanwhile<T>(change: (tx: Queryable) => Promise<unknown>, work: () => Promise<T>): Promise<T> {
  let result: Promise<T> | undefined;
  await lab.database.db.transaction(async (tx) => {
    await change(tx);
    result = work();
    await untilWaiting(1);
  });
  if (!result) throw new Error('The transaction was not carried out');
  return result;
}

const addSample = command(
  'samples.races.add_sample',
  `INSERT INTO samples (barcode, sample_type, plate_id, well) VALUES ($1, 'blood', $2, $3)`,
);
const addPlate = command(
  'samples.races.add_plate',
  'INSERT INTO plates (id, name, rows, columns) VALUES ($1, $1, $2, $3)',
);

test('the same file twice at once: one is imported, the other reports every row', async () => {
  const file = fileOf(5_000);
  const answers = await Promise.all([1, 2].map(() => lab.importCsv(file, '?create_plates=true')));
  answers.sort((a, b) => a.status - b.status);
  const [won, lost] = answers;
  assert.deepEqual([won?.status, won?.body.imported], [200, 5_000]);
  assert.deepEqual([lost?.status, lost?.body.code, lost?.body.rejected], [422, 'import_rejected', 5_000]);
  assert.deepEqual(lost?.body.faults[0], {
    line: 2,
    column: 'barcode',
    message: 'is that of a sample which exists already',
  });
  assert.equal(await lab.count(), 5_000);
  assert.equal(await lab.staged(), 0);
});

test('files that share rows in opposite order: no deadlock is seen, and each row is imported once', async () => {
  const [header = '', ...lines] = fileOf(4_000).trim().split('\n');
  const files = [lines, lines.toReversed()].map((part) => [header, ...part].join('\n'));
  const answers = await Promise.all(
    files.map((file) => lab.importCsv(file, '?partial=true&create_plates=true')),
  );
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200],
  );
  assert.equal(
    answers.reduce((sum, answer) => sum + answer.body.imported, 0),
    4_000,
  );
  assert.equal(await lab.count(), 4_000);
});

test('the same key twice at once: one import', async () => {
  const file = fileOf(3_000);
  const key = { 'idempotency-key': 'both' };
  const answers = await Promise.all([1, 2].map(() => lab.importCsv(file, '?create_plates=true', key)));
  assert.ok(answers.some((answer) => answer.status === 200));
  for (const answer of answers)
    if (answer.status !== 200)
      assert.deepEqual([answer.status, answer.body.code], [409, 'idempotency_in_progress']);
  assert.equal(await lab.count(), 3_000);
});

test('a barcode that somebody adds between the check and the end is a fault, not a failure', async () => {
  const answer = await meanwhile(
    (tx) => tx.execute(addSample, ['S7', null, null]),
    () => lab.importCsv(fileOf(96), '?create_plates=true'),
  );
  assert.equal(answer.status, 422);
  assert.deepEqual(answer.body.faults, [
    { line: 9, column: 'barcode', message: 'is that of a sample which exists already' },
  ]);
  assert.equal(await lab.count(), 1);
  assert.deepEqual((await lab.get('/plates')).body.plates, []);
  assert.equal(await lab.staged(), 0);
});

test('with ?partial=true the other rows are imported then', async () => {
  await lab.post('/plates', { id: 'P0' });
  const answer = await meanwhile(
    (tx) => tx.execute(addSample, ['other', 'P0', 'A1']),
    () => lab.importCsv(fileOf(96), '?partial=true'),
  );
  assert.deepEqual([answer.status, answer.body.imported, answer.body.rejected], [200, 95, 1]);
  assert.deepEqual(answer.body.faults, [
    { line: 2, column: 'well', message: 'is taken by the sample other already' },
  ]);
  assert.equal(await lab.count(), 96);
});

test('a plate that somebody makes smaller meanwhile: its wells are checked again', async () => {
  const answer = await meanwhile(
    (tx) => tx.execute(addPlate, ['P0', 7, 12]),
    () => lab.importCsv(fileOf(8), '?create_plates=true'),
  );
  assert.equal(answer.status, 422);
  assert.deepEqual(answer.body.faults, [
    { line: 9, column: 'well', message: 'is not on the plate, which has 7 rows and 12 columns' },
  ]);
  assert.equal(await lab.count(), 0);
});

test('where the other gives up in the end, the import goes through', async () => {
  let answer: Promise<{ status: number }> | undefined;
  const given = new Error('given up');
  await assert.rejects(
    lab.database.db.transaction(async (tx) => {
      await tx.execute(addSample, ['S7', null, null]);
      answer = lab.importCsv(fileOf(96), '?create_plates=true');
      await untilWaiting(1);
      throw given;
    }),
    given,
  );
  assert.equal((await answer)?.status, 200);
  assert.equal(await lab.count(), 96);
});

const forgetKeys = command('samples.races.forget_keys', 'DELETE FROM idempotency_keys');
const emptyStaging = command('samples.races.empty_staging', 'DELETE FROM sample_import_rows');

/** Holds a plate that the import is to make while `work` is done, and then makes none. */
async function heldUp(work: () => Promise<void>): Promise<void> {
  const given = new Error('given up');
  const held = lab.database.db.transaction(async (tx) => {
    await tx.execute(addPlate, ['P0', 8, 12]);
    await work();
    throw given;
  });
  await assert.rejects(held, given);
}

test('the same key again while the first import lasts longer than its lease: one import, one answer', async () => {
  const key = { 'idempotency-key': 'long' };
  const send = () => lab.importCsv(fileOf(96), '?create_plates=true', key);
  const answers: ReturnType<typeof send>[] = [];
  await heldUp(async () => {
    answers.push(send());
    await untilWaiting(1);
    await lab.database.db.execute(forgetKeys);
    answers.push(send());
    await untilWaiting(2);
  });
  const [first, second] = await Promise.all(answers);
  assert.deepEqual([first?.status, second?.status], [200, 200]);
  assert.deepEqual(second?.body, first?.body);
  assert.equal(await lab.count(), 96);
  assert.equal(await lab.staged(), 0);
});

test('where the staged rows are lost, as in a crash of the server, the file is checked again', async () => {
  const answers: ReturnType<typeof lab.importCsv>[] = [];
  await heldUp(async () => {
    answers.push(lab.importCsv(fileOf(96), '?create_plates=true'));
    await untilWaiting(1);
    await lab.database.db.execute(emptyStaging);
  });
  const [answer] = await Promise.all(answers);
  assert.deepEqual([answer?.status, answer?.body.imported], [200, 96]);
  assert.equal(await lab.count(), 96);
});

const leftOver = command(
  'samples.races.left_over',
  `INSERT INTO sample_import_claims (import_id, claim, line) VALUES ($1, 'barcode S1', 1)`,
);

test('what a crashed import left behind is swept a day later, and that of a running one is not', async () => {
  await lab.database.db.execute(leftOver, ['01900000-0000-7000-8000-000000000000']);
  await lab.database.db.execute(leftOver, ['0fffffff-ffff-7000-8000-000000000000']);
  assert.equal((await lab.importCsv(fileOf(2), '?create_plates=true')).status, 200);
  assert.equal(await lab.staged(), 1);
});
