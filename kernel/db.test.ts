import assert from 'node:assert/strict';
import { connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import Type from 'typebox';
import { isUniqueViolation, openDb, sqlState } from './db.ts';
import { isProblem } from './errors.ts';
import { command, rows } from './statement.ts';
import { createTestDatabase, type TestDatabase } from './testing/index.ts';

let database: TestDatabase;

const create = 'CREATE TABLE counters (id integer PRIMARY KEY, value integer NOT NULL)';
const insert = command('test.db.insert', 'INSERT INTO counters (id, value) VALUES ($1, $2)');
const read = rows(
  'test.db.read',
  Type.Object({ value: Type.Integer() }),
  'SELECT value FROM counters WHERE id = $1',
);
const write = command('test.db.write', 'UPDATE counters SET value = $2 WHERE id = $1');
const values = rows(
  'test.db.values',
  Type.Object({ big: Type.String(), at: Type.String(), exact: Type.Number() }),
  `SELECT 9007199254740993::bigint AS big, '2025-01-02 03:04:05.123456+02'::timestamptz AS at, 1.5::numeric AS exact`,
);
const settings = rows(
  'test.db.settings',
  Type.Object({ work_mem: Type.String(), timezone: Type.String() }),
  `SELECT current_setting('work_mem') AS work_mem, current_setting('timezone') AS timezone`,
);
const sleep = command('test.db.sleep', 'SELECT pg_sleep($1)');
const endOthers = command(
  'test.db.end_others',
  'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()',
);

before(async () => {
  database = await createTestDatabase([]);
  await database.db.raw(create);
});
after(() => database.drop());

test('ids are text, times ISO 8601 UTC with microseconds, decimals numbers', async () => {
  assert.deepEqual(await database.db.first(values), {
    big: '9007199254740993',
    at: '2025-01-02T01:04:05.123456Z',
    exact: 1.5,
  });
});

test('a transaction that throws leaves nothing behind', async () => {
  const failing = database.db.transaction(async (tx) => {
    await tx.execute(insert, [1, 1]);
    throw new Error('no');
  });
  await assert.rejects(failing, /^Error: no$/);
  assert.equal(await database.db.first(read, [1]), undefined);
});

test('a transaction whose work caught the error of a statement is not taken for committed', async () => {
  const { db } = database;
  const unaware = db.transaction(async (tx) => {
    await tx.execute(insert, [20, 1]);
    await tx.execute(insert, [20, 1]).catch(() => {});
  });
  await assert.rejects(unaware, (error) => isUniqueViolation(error, 'counters_pkey'));
  assert.equal(await db.first(read, [20]), undefined);
});

test('of pipelined statements the one that failed is reported, not those that failed because of it', async () => {
  const { db } = database;
  const slower = async (work: Promise<unknown>) => {
    await work.catch(() => {});
    return work;
  };
  await db.execute(insert, [10, 1]);
  const doubled = db.transaction((tx) =>
    Promise.all([slower(tx.execute(insert, [10, 1])), tx.first(read, [10]), tx.first(read, [10])]),
  );
  await assert.rejects(doubled, (error) => isUniqueViolation(error, 'counters_pkey'));
});

test('serializable transactions that collide are tried again until each has counted', async () => {
  const { db } = database;
  await db.execute(insert, [2, 0]);
  const increment = () =>
    db.transaction(
      async (tx) => {
        const row = await tx.first(read, [2]);
        await tx.execute(write, [2, (row?.value ?? 0) + 1]);
      },
      { isolation: 'serializable' },
    );
  await Promise.all([increment(), increment(), increment()]);
  assert.equal((await db.first(read, [2]))?.value, 3);
});

test('a unique violation is told from other errors', async () => {
  await database.db.execute(insert, [3, 0]);
  await assert.rejects(database.db.execute(insert, [3, 0]), (error) => {
    assert.ok(isUniqueViolation(error, 'counters_pkey'));
    assert.ok(!isUniqueViolation(error, 'another'));
    return true;
  });
});

test('a statement that takes too long is cancelled, and the connection goes on', async () => {
  const db = openDb({ url: database.url, applicationName: 'test', max: 1, statementTimeout: 50 });
  await assert.rejects(db.execute(sleep, [5]), (error) => sqlState(error) === '57014');
  assert.deepEqual(await db.query(read, [99]), []);
  await db.close();
});

test('a sibling has settings of its own, is counted with its elder and closes with it', async () => {
  const db = openDb({ url: database.url, applicationName: 'test', max: 1 });
  const reader = db.sibling({ max: 2, settings: { default_transaction_read_only: 'on', jit: 'off' } });
  await assert.rejects(reader.execute(insert, [5, 5]), (error) => sqlState(error) === '25006');
  await db.execute(insert, [5, 5]);
  assert.equal((await reader.first(read, [5]))?.value, 5);
  assert.equal(db.gauge.total, 2);
  await db.close();
  await assert.rejects(reader.ping(), (error) => isProblem(error, 'database_unavailable'));
});

test('options of the URL stand beside ours; statements in a pipeline are not charged for those before them', async () => {
  const url = `${database.url}?options=${encodeURIComponent('-c work_mem=7MB')}`;
  const db = openDb({ url, applicationName: 'test', max: 1, statementTimeout: 1_000, answerTimeout: 200 });
  assert.deepEqual(await db.first(settings), { work_mem: '7MB', timezone: 'UTC' });
  await db.transaction((tx) => Promise.all([0.5, 0.5, 0.5].map((seconds) => tx.execute(sleep, [seconds]))));
  await db.close();
});

test('connections that the server ended are replaced', async () => {
  const { db } = database;
  await Promise.all([db.ping(), db.ping(), db.ping()]);
  await db.execute(endOthers);
  await db.execute(insert, [4, 4]).catch((error) => assert.ok(isProblem(error, 'database_unavailable')));
  await db.ping();
});

test('a connection that the server ends in the middle of a transaction costs that transaction, not the process', async () => {
  const db = openDb({ url: database.url, applicationName: 'test', max: 1 });
  const cut = db.transaction(async (tx) => {
    await tx.query(read, [1]);
    await database.db.execute(endOthers);
    await tx.execute(insert, [77, 7]);
  });
  await assert.rejects(cut, (error) => isProblem(error, 'database_unavailable'));
  assert.deepEqual(await db.query(read, [77]), []);
  await db.close();
});

test('a server that falls silent is given up in time, within a transaction too; the next connection works', async () => {
  const target = new URL(database.url);
  const sockets = new Set<Socket>();
  let silent = false;
  const proxy = createServer((near) => {
    const far = connect(Number(target.port), target.hostname);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => {});
    }
    near.on('data', (data) => silent || far.write(data));
    far.on('data', (data) => silent || near.write(data));
    near.on('close', () => far.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const address = proxy.address();
  const through = new URL(database.url);
  through.hostname = '127.0.0.1';
  through.port = String(typeof address === 'object' ? address?.port : 0);
  const db = openDb({
    url: through.href,
    applicationName: 'silent',
    max: 1,
    statementTimeout: 400,
    answerTimeout: 100,
  });
  await db.ping();
  silent = true;
  await assert.rejects(db.query(read, [1]), (error) => isProblem(error, 'database_unavailable'));
  silent = false;
  const inside = db.transaction(async (tx) => {
    silent = true;
    await tx.query(read, [1]);
  });
  await assert.rejects(inside, (error) => isProblem(error, 'database_unavailable'));
  silent = false;
  await db.ping();
  await db.close();
  for (const socket of sockets) socket.destroy();
  proxy.close();
});

test('no server: one clear error, at once', async () => {
  const db = openDb({ url: 'postgres://nobody@127.0.0.1:1/none', applicationName: 'test' });
  await assert.rejects(db.ping(), (error) => isProblem(error, 'database_unavailable'));
  await db.close();
  await db.close();
});
