import assert from 'node:assert/strict';
import { after, afterEach, before, test } from 'node:test';
import { sqlState } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  auditMigrations,
  parseHead,
  printHead,
  readHead,
  recordAudit,
  sealPending,
  verifyChain,
} from '../index.ts';
import { EntryRow, entryColumns, hashOf } from './entry.ts';
import { verifyPart } from './verify.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([auditMigrations]);
  await append(12);
  await database.db.raw('CREATE TABLE kept AS SELECT * FROM audit_entries');
});
after(() => database.drop());

/** Everything as before: the only way there is one that a superuser has. */
afterEach(() =>
  unguarded('DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM kept ORDER BY seq'),
);

async function append(count: number) {
  for (let n = 1; n <= count; n += 1)
    await recordAudit(database.db, {
      action: 'test.write',
      subject: `test:${n}`,
      reason: `because ${n}`,
      after: { n },
    });
  await sealPending(database.db);
}

const unguarded = (sql: string) =>
  database.db.raw(`BEGIN;
    ALTER TABLE audit_entries DISABLE TRIGGER ALL; ${sql};
    ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_link, ENABLE ALWAYS TRIGGER audit_entries_keep; COMMIT`);

const faults = async (...heads: string[]) => {
  const parsed = heads.map((text) => parseHead(text)).filter((head) => head !== undefined);
  assert.equal(parsed.length, heads.length);
  const report = await verifyChain(database.db, { heads: parsed });
  assert.equal(report.faultCount, report.faults.length);
  return report.faults.map(({ kind, seq }) => `${kind} ${seq}`);
};

test('a long chain is read in small pages: no answer holds more than 100', async () => {
  const { db } = database;
  const value = (n: number) => ({ n, text: 'x'.repeat(1_000) });
  for (let n = 1; n <= 250; n += 1)
    await recordAudit(db, {
      action: 'test.write',
      subject: 'test:large',
      before: value(n),
      after: value(n + 1),
    });
  await sealPending(db);
  let most = 0;
  const query: typeof db.query = async (...asked) => {
    const answer = await db.query(...asked);
    most = Math.max(most, answer.length);
    return answer;
  };
  const watched = { ...db, query };
  assert.deepEqual((await verifyChain(watched)).entries, 262);
  assert.equal(most, 100);
  most = 0;
  const part = await verifyPart(watched, 'beginning');
  assert.deepEqual([part.entries, part.next, part.faultCount, most], [262, null, 0, 100]);
});

const source = rows(
  'test.audit.refuse',
  Type.Object({ body: Type.String() }),
  "SELECT prosrc AS body FROM pg_proc WHERE proname = 'audit_refuse'",
);
const entry = rows('test.audit.entry', EntryRow, `SELECT ${entryColumns} FROM audit_entries WHERE seq = $1`);
const text = (value: string) => `'${value.replaceAll("'", "''")}'`;

/** Writes the hashes anew from an entry to another one, as somebody who knows how would. */
async function forge(from: number, to: number) {
  const { chain } = await readHead(database.db);
  for (let seq = from; seq <= to; seq += 1) {
    const [before, row] = [await database.db.first(entry, [seq - 1]), await database.db.first(entry, [seq])];
    assert.ok(row && before);
    const prev = seq === from ? row.prev : before.hash;
    const hash = hashOf(chain, { ...row, prev });
    await unguarded(`UPDATE audit_entries SET prev = ${text(prev)}, hash = ${text(hash)} WHERE seq = ${seq}`);
  }
}

test('a chain that nobody touched is whole, and so is one that has gone on since a head was kept', async () => {
  const kept = printHead(await readHead(database.db));
  const report = await verifyChain(database.db);
  assert.deepEqual([report.entries, report.faults, report.pending], [12, [], { count: 0, oldest: null }]);
  await append(3);
  assert.deepEqual(await faults(kept), []);
});

test('every single field: edited, it is found, and the entry is named', async () => {
  const edits: Record<string, string> = {
    id: '99',
    at: "at - interval '1 microsecond'",
    sealed_at: "sealed_at + interval '1 microsecond'",
    actor_id: "'mallory'",
    actor_kind: "'user'",
    actor_name: "'Mallory'",
    actor_role: "'viewer'",
    on_behalf_of: `'{"id":"eve","name":"Eve"}'`,
    action: "'test.read'",
    subject: "'test:5 '",
    reason: 'NULL',
    before: "'null'",
    // Means the same, and is not the same.
    after: `'{"n": 5}'`,
    signature: "'{}'",
    request_id: "'r'",
    trace_id: "'t'",
    hash: `'${'0'.repeat(64)}'`,
  };
  const { hash: _hash, ...named } = edits;
  const columns = Object.keys(EntryRow.properties).filter((name) => !['seq', 'prev', 'hash'].includes(name));
  assert.deepEqual(Object.keys(named).sort(), columns.sort());
  for (const [column, value] of Object.entries(edits)) {
    await unguarded(`UPDATE audit_entries SET ${column} = ${value} WHERE seq = 5`);
    const found = await faults();
    assert.deepEqual(found, column === 'hash' ? ['edited 5', 'replaced 5'] : ['edited 5'], column);
    await unguarded('DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM kept');
  }
});

test('an entry whose hash was computed anew is found by the one that follows it', async () => {
  await unguarded(`UPDATE audit_entries SET reason = 'another' WHERE seq = 5`);
  await forge(5, 5);
  assert.deepEqual(await faults(), ['replaced 5']);
  await forge(5, 8);
  assert.deepEqual(await faults(), ['replaced 8']);
});

test('deleted: one, several, the first', async () => {
  await unguarded('DELETE FROM audit_entries WHERE seq IN (1, 5, 8, 9)');
  assert.deepEqual(await faults(), ['missing 1', 'missing 5', 'missing 8']);
});

test('deleted, and those behind it moved up to close the gap', async () => {
  await unguarded(
    // By way of numbers that nobody has: rows are not changed in the order of their numbers.
    `DELETE FROM audit_entries WHERE seq = 5; UPDATE audit_entries SET seq = seq + 1000 WHERE seq > 5;
    UPDATE audit_entries SET seq = seq - 1001 WHERE seq > 1000`,
  );
  assert.equal((await faults())[0], 'displaced 5');
});

test('put in, and those behind it moved on', async () => {
  await unguarded(
    `UPDATE audit_entries SET seq = -seq - 1 WHERE seq > 5; UPDATE audit_entries SET seq = -seq WHERE seq < 0;
    INSERT INTO audit_entries SELECT (e).* FROM (SELECT jsonb_populate_record(k, '{"seq": 6, "id": 100}') AS e FROM kept k WHERE seq = 5) x`.replaceAll(
      'UPDATE audit_entries SET seq = -seq',
      'ALTER TABLE audit_entries DROP CONSTRAINT IF EXISTS audit_entries_seq_check; UPDATE audit_entries SET seq = -seq',
    ),
  );
  assert.equal((await faults())[0], 'displaced 6');
});

test('two that changed places', async () => {
  await unguarded(`UPDATE audit_entries SET seq = 100 WHERE seq = 5; UPDATE audit_entries SET seq = 5 WHERE seq = 6;
    UPDATE audit_entries SET seq = 6 WHERE seq = 100`);
  assert.deepEqual(await faults(), ['displaced 5', 'displaced 6']);
});

test('a tail that was cut off, or all of it written anew, is found against a head that was kept', async () => {
  const early = await database.db.first(entry, [7]);
  const late = printHead(await readHead(database.db));
  const { chain } = await readHead(database.db);
  await unguarded('DELETE FROM audit_entries WHERE seq > 9');
  assert.deepEqual(await faults(), [], 'nothing in the database itself can tell');
  assert.deepEqual(await faults(`7:${early?.hash}:${chain}`), []);
  assert.deepEqual(await faults(`7:${early?.hash}:${chain}`, late), ['cut 10']);
  // And what is appended to the stump does not hide it.
  await append(3);
  assert.deepEqual(await faults(late), ['rewritten 12']);

  await unguarded('DELETE FROM audit_entries; INSERT INTO audit_entries SELECT * FROM kept');
  await unguarded(`UPDATE audit_entries SET actor_id = 'somebody else' WHERE seq = 5`);
  await forge(5, 12);
  assert.deepEqual(await faults(), []);
  assert.deepEqual(await faults(`7:${early?.hash}:${chain}`, late), ['rewritten 7', 'rewritten 12']);
  assert.deepEqual(await faults(late.replace(chain, '00000000-0000-4000-8000-000000000000')), [
    'other_chain null',
  ]);
});

test('an ordinary user cannot: the triggers refuse, for a session that plays a replica too', async () => {
  await recordAudit(database.db, { action: 'test.pending', subject: 'test:p' });
  const refused = [
    'UPDATE audit_entries SET reason = NULL WHERE seq = 1',
    'DELETE FROM audit_entries WHERE seq = 1',
    'DELETE FROM audit_entries WHERE false',
    'TRUNCATE audit_entries',
    'UPDATE audit_pending SET reason = NULL',
    'DELETE FROM audit_pending',
    'TRUNCATE audit_pending',
    'DELETE FROM audit_signatures',
    'TRUNCATE audit_signatures',
    'DELETE FROM audit_chain',
    'INSERT INTO audit_chain (one) VALUES (true)',
    `INSERT INTO audit_entries SELECT (jsonb_populate_record(k, '{"seq": 99, "id": 99}')).* FROM kept k WHERE seq = 12`,
    `INSERT INTO audit_entries SELECT (jsonb_populate_record(k, '{"seq": 13, "id": 99}')).* FROM kept k WHERE seq = 12`,
  ];
  for (const sql of refused)
    for (const role of ['origin', 'replica'])
      await assert.rejects(
        database.db
          .raw(`BEGIN; SET LOCAL session_replication_role = ${role}; ${sql}; COMMIT`)
          .catch(async (error) => {
            await database.db.raw('ROLLBACK');
            throw error;
          }),
        (error) => sqlState(error) === '42501',
        `${role}: ${sql}`,
      );
  await sealPending(database.db);
});

const Stamp = rows(
  'test.audit.at',
  Type.Object({ late: Type.Boolean() }),
  `SELECT at > now() - interval '1 hour' AS late FROM audit_pending`,
);

test('the time of an entry is that of the database, whatever is inserted', async () => {
  await database.db.raw(`INSERT INTO audit_pending (at, context, action, subject)
    VALUES ('2001-01-01', '{"actor": {"id": "x"}}', 'test.write', 'test:x')`);
  assert.deepEqual(await database.db.query(Stamp), [{ late: true }]);
  await sealPending(database.db);
});

test('guards that were switched off are named', async () => {
  await database.db.raw('ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_keep');
  const { faults: found } = await verifyChain(database.db);
  assert.match(found[0]?.text ?? '', /audit_entries_keep is not in force/);
  await database.db.raw('ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_keep');
});

test('a guard that is there and does nothing any more is found, and so is one with a condition', async () => {
  const { db } = database;
  const refuse = async () => (await db.first(source))?.body ?? '';
  const before = await refuse();
  const become = (body: string) =>
    db.raw(`CREATE OR REPLACE FUNCTION audit_refuse() RETURNS trigger LANGUAGE plpgsql AS $$${body}$$`);
  assert.deepEqual(await faults(), []);
  await become('BEGIN RETURN NULL; END');
  const { faults: found } = await verifyChain(db);
  assert.deepEqual(
    found.map(({ kind, text }) => [kind, /^(\w+) does not do/.exec(text)?.[1]]),
    ['audit_chain_keep', 'audit_entries_keep', 'audit_pending_keep', 'audit_signatures_keep'].map((name) => [
      'unguarded',
      name,
    ]),
  );
  await become(before);
  assert.deepEqual(await faults(), []);
  await db.raw(`DROP TRIGGER audit_pending_leave ON audit_pending;
    CREATE TRIGGER audit_pending_leave BEFORE DELETE ON audit_pending FOR EACH ROW WHEN (false) EXECUTE FUNCTION audit_leave();
    ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER audit_pending_leave`);
  assert.deepEqual(await faults(), ['unguarded null']);
  await db.raw(`DROP TRIGGER audit_pending_leave ON audit_pending;
    CREATE TRIGGER audit_pending_leave BEFORE DELETE ON audit_pending FOR EACH ROW EXECUTE FUNCTION audit_leave();
    ALTER TABLE audit_pending ENABLE ALWAYS TRIGGER audit_pending_leave`);
});
