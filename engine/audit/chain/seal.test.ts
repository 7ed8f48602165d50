import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { runInContext } from '@labwright/kernel/context';
import { localPrincipal, systemPrincipal } from '@labwright/kernel/identity';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase, seededRandom, type TestDatabase } from '@labwright/kernel/testing';
import { auditMigrations, readHead, recordAudit, sealPending } from '../index.ts';
import { canonical } from './canonical.ts';
import { EntryRow, entryColumns, genesisOf } from './entry.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([auditMigrations], { max: 20 });
});
after(() => database.drop());

const all = rows('test.audit.all', EntryRow, `SELECT ${entryColumns} FROM audit_entries ORDER BY seq`);

const context = {
  request_id: 'r-1',
  trace_id: 'a'.repeat(32),
  span_id: 'b'.repeat(16),
  principal: localPrincipal,
};

test('an entry says who, what, why, before and after; its hash is that of the object, as anybody can compute it', async () => {
  await runInContext(context, () =>
    database.db.transaction((tx) =>
      recordAudit(tx, {
        action: 'device.change',
        subject: 'device:d1',
        reason: 'it leaks \0 \ud800 "quoted" ü',
        before: { status: 'available', b: 1e21, a: [0.1, -0, null] },
        after: { status: 'maintenance', '\u20ac': true, '\ufb33': 1, '😀': 2 },
      }),
    ),
  );
  await runInContext(context, () =>
    recordAudit(database.db, { action: 'device.book', subject: 'device:d1', actor: systemPrincipal }),
  );
  assert.equal(await sealPending(database.db), 2);
  const [first, second] = await database.db.query(all);
  assert.ok(first && second);
  const { chain } = await readHead(database.db);
  assert.deepEqual(
    [
      first.seq,
      first.actor_id,
      first.actor_kind,
      first.actor_name,
      first.actor_role,
      first.request_id,
      first.prev,
    ],
    ['1', 'local', 'local', 'local user', 'admin', 'r-1', genesisOf(chain)],
  );
  assert.equal(first.reason, 'it leaks \ufffd \ufffd "quoted" ü');
  assert.equal(first.before, '{"a":[0.1,0,null],"b":1e+21,"status":"available"}');
  assert.equal(first.after, '{"status":"maintenance","€":true,"😀":2,"\ufb33":1}');
  assert.deepEqual([second.actor_id, second.on_behalf_of], ['system', '{"id":"local","name":"local user"}']);
  assert.equal(second.prev, first.hash);
  for (const { hash, actor_id, actor_kind, actor_name, actor_role, before, after, on_behalf_of, ...rest } of [
    first,
    second,
  ]) {
    const parse = (text: string | null) => (text === null ? null : JSON.parse(text));
    const object = {
      ...rest,
      signature: null,
      chain,
      actor: { id: actor_id, kind: actor_kind, name: actor_name, role: actor_role },
      before: parse(before),
      after: parse(after),
      on_behalf_of: parse(on_behalf_of),
    };
    assert.equal(hash, createHash('sha256').update(canonical(object)).digest('hex'));
  }
});

test('what is rolled back is not on record; what is large is on record by its hash', async () => {
  const { seq } = await readHead(database.db);
  await assert.rejects(
    database.db.transaction(async (tx) => {
      await recordAudit(tx, { action: 'a.b', subject: 'a:1' });
      throw new Error('taken back');
    }),
    /taken back/,
  );
  const large = { text: 'x'.repeat(40_000) };
  await recordAudit(database.db, { action: 'a.b', subject: 'a:1', after: large });
  assert.equal(await sealPending(database.db), 1);
  const last = (await database.db.query(all)).at(-1);
  assert.equal(last?.seq, String(BigInt(seq) + 1n));
  const sha256 = createHash('sha256').update(canonical(large)).digest('hex');
  assert.deepEqual(JSON.parse(last?.after ?? ''), { bytes: 40_011, sha256 });
});

test('many writers and several sealers at once: nothing is lost, nothing twice, no gap, and each subject in its order', async () => {
  const random = seededRandom('audit writers and sealers');
  const { db } = database;
  const { seq: from } = await readHead(db);
  const committed = new Map<string, number[]>();
  const writer = async (name: string) => {
    for (let n = 0; n < 30; n += 1) {
      const taken = random.below(5) === 0;
      await db
        .transaction(async (tx) => {
          await recordAudit(tx, { action: 'test.write', subject: `test:${name}`, after: { n } });
          for (let turn = random.below(10); turn > 0; turn -= 1)
            await new Promise((resolve) => setImmediate(resolve));
          if (taken) throw new Error('taken back');
        })
        .then(() => committed.set(name, [...(committed.get(name) ?? []), n]))
        .catch((error) => assert.match(error.message, /taken back/));
    }
  };
  let writing = true;
  const sealer = async () => {
    do await sealPending(db);
    while (writing);
  };
  const sealers = [sealer(), sealer(), sealer()];
  await Promise.all(Array.from({ length: 12 }, (_, index) => writer(`w${index}`)));
  writing = false;
  await Promise.all(sealers);
  await sealPending(db);
  const entries = (await db.query(all)).slice(Number(from));
  assert.deepEqual(
    entries.map(({ seq }) => seq),
    entries.map((_, index) => String(BigInt(from) + 1n + BigInt(index))),
  );
  const found = new Map<string, number[]>();
  for (const { subject, after } of entries) {
    const name = subject.slice('test:'.length);
    found.set(name, [...(found.get(name) ?? []), JSON.parse(after ?? '').n]);
  }
  assert.deepEqual(
    Object.fromEntries(found),
    Object.fromEntries([...found.keys()].map((name) => [name, committed.get(name)])),
  );
  assert.equal(found.size, committed.size);
});
