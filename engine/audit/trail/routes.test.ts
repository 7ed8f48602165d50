import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '@labwright/kernel/clock';
import { runInContext } from '@labwright/kernel/context';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { localPrincipal, type Principal } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { rows } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import type { Static } from 'typebox';
import Type from 'typebox';
import { auditMigrations, createAudit, recordAudit } from '../index.ts';
import type { AuditPage } from './list.ts';

let database: TestDatabase;
let server: HttpServer;
let asking: Principal = localPrincipal;
before(async () => {
  database = await createTestDatabase([auditMigrations]);
  const audit = createAudit({ db: database.db, log: silentLog, clock: systemClock });
  server = await createHttpServer({
    ...audit,
    version: '0',
    description: 'test',
    log: silentLog,
    db: database.db,
    metrics: createMetrics('test'),
    authenticate: async () => asking,
    maxEventLoopDelay: 60_000,
  });
});
after(async () => {
  await server.close();
  await database.drop();
});

const person = (id: string, kind: Principal['kind'] = 'user'): Principal => ({
  ...localPrincipal,
  id,
  kind,
  name: id,
});
const by = <T>(principal: Principal, work: () => T) =>
  runInContext({ request_id: 'r', trace_id: '0'.repeat(32), span_id: '0'.repeat(16), principal }, work);
const get = async (path: string) => {
  const answer = await server.app.inject({ method: 'GET', url: path });
  return { status: answer.statusCode, body: answer.json() };
};
const page = async (path: string) => {
  const { status, body } = await get(path);
  assert.equal(status, 200, JSON.stringify(body));
  return body as Static<typeof AuditPage>;
};
async function walk(query: string) {
  const found: string[] = [];
  let pages = 0;
  for (let cursor = ''; ; pages += 1) {
    const { entries, next_cursor } = await page(`/audit?${query}${cursor}`);
    found.push(...entries.map(({ subject }) => subject));
    if (next_cursor === null) return { found, pages: pages + 1 };
    cursor = `&cursor=${next_cursor}`;
  }
}

test('what was just committed is listed, newest first, page by page, by each filter and by several', async () => {
  for (let n = 0; n < 25; n += 1)
    await by(person(n % 5 === 0 ? 'ann' : 'bob'), () =>
      recordAudit(database.db, {
        action: n % 2 ? 'a.odd' : 'a.even',
        subject: `a:${n}`,
        reason: `r${n}`,
        after: { n },
      }),
    );
  const numbers = Array.from({ length: 25 }, (_, n) => 24 - n);
  const named = (wanted: (n: number) => boolean) => numbers.filter(wanted).map((n) => `a:${n}`);
  assert.deepEqual(await walk('limit=7'), { found: named(() => true), pages: 4 });
  assert.deepEqual(
    (await walk('limit=2&actor=ann')).found,
    named((n) => n % 5 === 0),
  );
  assert.deepEqual(
    (await walk('limit=3&action=a.odd')).found,
    named((n) => n % 2 === 1),
  );
  assert.deepEqual(
    (await walk('limit=1&action=a.odd&actor=ann')).found,
    named((n) => n % 2 === 1 && n % 5 === 0),
  );
  assert.deepEqual((await walk('subject=a:7')).found, ['a:7']);
  assert.deepEqual((await walk('subject=a:7&actor=ann')).found, []);
  const [entry] = (await page('/audit?subject=a:20')).entries;
  assert.deepEqual(
    [entry?.seq, entry?.actor, entry?.action, entry?.reason, entry?.before, entry?.after, entry?.request_id],
    ['21', { id: 'ann', kind: 'user', name: 'ann', role: 'admin' }, 'a.even', 'r20', null, { n: 20 }, 'r'],
  );
});

test('by time: from, and before', async () => {
  await page('/audit');
  await recordAudit(database.db, { action: 't.one', subject: 't:1' });
  const [one] = (await page('/audit?subject=t:1')).entries;
  await recordAudit(database.db, { action: 't.two', subject: 't:2' });
  const [two] = (await page('/audit?subject=t:2')).entries;
  assert.ok(one && two && one.sealed_at < two.sealed_at);
  assert.deepEqual((await walk(`from=${one.sealed_at}`)).found, ['t:2', 't:1']);
  assert.deepEqual((await walk(`from=${one.sealed_at}&to=${two.sealed_at}`)).found, ['t:1']);
  assert.deepEqual((await walk(`from=${one.sealed_at}&to=${two.sealed_at}&action=t.two`)).found, []);
  assert.deepEqual((await walk('from=2999-01-01T00:00:00Z')).found, []);
});

const fill = rows(
  'test.audit.fill',
  Type.Object({ n: Type.Integer() }),
  `INSERT INTO audit_pending (context, action, subject)
   SELECT '{"actor": {"id": "many"}}', CASE WHEN n = 1 THEN 'rare' ELSE 'often' END, 'm:' || n FROM generate_series(1, 5000) n RETURNING 1 AS n`,
);

test('two filters that leave one entry of thousands: each page looks at so many entries and no more, and it is found', async () => {
  await database.db.query(fill);
  const { found, pages } = await walk('actor=many&action=rare');
  assert.deepEqual(found, ['m:1']);
  assert.equal(pages, 3);
});

test('the chain is verified in parts; from a head that was kept; and what somebody edited is named', async () => {
  let entries = 0;
  let parts = 0;
  for (let cursor: string | null = ''; cursor !== null; parts += 1) {
    const { status, body } = await get(`/audit/verification${cursor && `?cursor=${cursor}`}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.deepEqual(body.faults, []);
    entries += body.entries;
    cursor = body.next_cursor;
  }
  const { seq, head } = (await get('/audit/head')).body;
  assert.equal(String(entries), seq);
  assert.equal(parts, Math.floor(entries / 2_000) + 1);
  assert.equal((await get(`/audit/verification?head=${head}`)).body.entries, 0);
  await recordAudit(database.db, { action: 'v.one', subject: 'v:1' });
  assert.equal((await get(`/audit/verification?head=${head}`)).body.entries, 1);

  const [, hash, chain] = head.split(':');
  const kinds = async (kept: string) =>
    (await get(`/audit/verification?head=${kept}`)).body.faults.map(({ kind }: { kind: string }) => kind);
  assert.deepEqual(await kinds(`${seq}:${'0'.repeat(64)}:${chain}`), ['rewritten']);
  assert.deepEqual(await kinds(`${Number(seq) + 9}:${hash}:${chain}`), ['cut']);
  assert.deepEqual(await kinds(`${seq}:${hash}:${'0'.repeat(36)}`), ['other_chain']);
  assert.equal((await get('/audit/verification?head=x')).body.code, 'invalid_head');
  assert.equal((await get('/audit/verification?cursor=x')).body.code, 'invalid_cursor');

  await database.db.raw(`ALTER TABLE audit_entries DISABLE TRIGGER ALL;
    UPDATE audit_entries SET reason = 'another' WHERE seq = 2500;
    ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_link, ENABLE ALWAYS TRIGGER audit_entries_keep`);
  const found: string[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const { body } = await get(`/audit/verification${cursor && `?cursor=${cursor}`}`);
    found.push(...body.faults.map(({ kind, seq }: { kind: string; seq: string }) => `${kind} ${seq}`));
    cursor = body.next_cursor;
  }
  assert.deepEqual(found, ['edited 2500']);
});

test('who may: operators and admins', async () => {
  for (const [role, status] of [
    ['viewer', 403],
    ['scientist', 403],
    ['operator', 200],
    ['admin', 200],
  ] as const) {
    asking = { ...person('x'), role };
    for (const path of ['/audit', '/audit/head', '/audit/verification'])
      assert.equal((await get(path)).status, status, `${role} ${path}`);
  }
  asking = localPrincipal;
});

test('a cursor of something else, a time that is none: 400', async () => {
  assert.equal((await get('/audit?cursor=abc')).body.code, 'invalid_cursor');
  assert.equal((await get('/audit?cursor=s99999999999999999999')).body.code, 'invalid_cursor');
  assert.equal((await get('/audit?cursor=s9999999999999999999')).body.code, 'invalid_cursor');
  assert.equal((await get('/audit?from=yesterday')).body.code, 'validation_failed');
  assert.equal((await get('/audit?from=0000-01-01T00:00:00Z')).status, 400);
  assert.equal((await get('/audit?actor=%00')).status, 400);
});

test('the sealer chains by itself, and tells its head in the log when it stops', async () => {
  const lines: Record<string, unknown>[] = [];
  const log = new Proxy(silentLog, {
    get: (target, name, self) =>
      name === 'info' ? (line: Record<string, unknown>) => lines.push(line) : Reflect.get(target, name, self),
  });
  const audit = createAudit({ db: database.db, log, clock: systemClock });
  await audit.start();
  await recordAudit(database.db, { action: 's.one', subject: 's:1' });
  await eventually('it is sealed', async () => {
    const [last] = await database.db.query(newest);
    return last?.subject === 's:1' || undefined;
  });
  await recordAudit(database.db, { action: 's.two', subject: 's:2' });
  await audit.stop();
  const [last] = await database.db.query(newest);
  assert.equal(last?.subject, 's:2');
  const { head } = (await get('/audit/head')).body;
  assert.equal(lines.at(-1)?.audit_head, head);
});
const newest = rows(
  'test.audit.newest',
  Type.Object({ subject: Type.String() }),
  'SELECT subject FROM audit_entries ORDER BY seq DESC LIMIT 1',
);
