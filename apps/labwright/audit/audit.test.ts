import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { auditMigrations, printHead, readHead, recordAudit, sealPending } from '@labwright/audit';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';

const main = resolve(import.meta.dirname, '../main.ts');

let folder: string;
let one: TestDatabase;
let two: TestDatabase;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-audit-'));
  one = await createTestDatabase([auditMigrations]);
  two = await createTestDatabase([auditMigrations]);
  // Databases of tests are copies of one: each of these is to be a laboratory of its own.
  await two.db.raw(`ALTER TABLE audit_chain DISABLE TRIGGER ALL; UPDATE audit_chain SET id = gen_random_uuid();
    ALTER TABLE audit_chain ENABLE ALWAYS TRIGGER audit_chain_keep`);
  for (const { db } of [one, two]) {
    for (let n = 1; n <= 5; n += 1) await recordAudit(db, { action: 'test.write', subject: `test:${n}` });
    await sealPending(db);
  }
});
after(async () => {
  await one.drop();
  await two.drop();
  await rm(folder, { recursive: true, force: true });
});

async function run(...args: string[]) {
  const child = spawn(process.execPath, [main, 'audit', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit'),
  ]);
  return { code, stdout, stderr };
}
const both = () => ['--database', one.url, '--database', two.url];

test('head prints one line a database, and verify compares with them, also where they lie in a log', async () => {
  const heads = await run('head', ...both());
  assert.equal(heads.code, 0, heads.stderr);
  assert.equal(heads.stdout.split('\n').length, 3);
  const log = join(folder, 'log');
  await writeFile(
    log,
    `{"level":30,"audit_head":"${heads.stdout.split('  ')[0]}","msg":"…"}\nsomething else\n`,
  );
  const verified = await run('verify', ...both(), '--heads', log);
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);
  assert.match(verified.stdout, /5 entries, all as they were sealed\.\n {2}Head: 5:/);
  assert.equal(verified.stdout.match(/Not compared with a head/g)?.length, 1);
});

test('an edit and a tail that was cut off: the entries are named, and 1', async () => {
  const late = printHead(await readHead(two.db));
  await one.db.raw(`ALTER TABLE audit_entries DISABLE TRIGGER ALL;
    UPDATE audit_entries SET actor_id = 'nobody' WHERE seq = 3;
    ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_keep, ENABLE ALWAYS TRIGGER audit_entries_link`);
  await two.db.raw(`ALTER TABLE audit_entries DISABLE TRIGGER ALL; DELETE FROM audit_entries WHERE seq > 3;
    ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_keep, ENABLE ALWAYS TRIGGER audit_entries_link`);
  const { code, stdout } = await run('verify', ...both(), '--head', late);
  assert.equal(code, 1);
  assert.match(stdout, /1 fault in 5 entries\.\n {2}Entry 3 \(test\.write of test:3\) was edited/);
  assert.match(
    stdout,
    /1 fault in 3 entries\.\n {2}The chain ends at entry 3, and a head of entry 5 was kept/,
  );
});

test('a head of a database that is not there: 1', async () => {
  const { code, stdout } = await run(
    'verify',
    '--database',
    one.url,
    '--head',
    printHead(await readHead(two.db)),
  );
  assert.equal(code, 1);
  assert.match(stdout, /which none of these databases has/);
});

test('a database without a trail: one sentence, and 1; what is not understood: 2', async () => {
  const bare = await createTestDatabase([]);
  const { code, stderr } = await run('verify', '--database', bare.url);
  await bare.drop();
  assert.equal(code, 1);
  assert.match(stderr, /has no audit trail/);
  for (const [args, said] of [
    [[], /labwright audit verify[\s\S]*labwright audit head/],
    [['verify', '--database', 'mysql://x'], /postgres:\/\//],
    [['verify', '--head', 'abc'], /is no head/],
    [['head', '--head', 'abc'], /"audit head" has no option --head/],
  ] as const) {
    const wrong = await run(...args);
    assert.equal(wrong.code, 2);
    assert.match(wrong.stderr, said);
  }
});
