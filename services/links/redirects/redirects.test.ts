/** Two processes on one database: what one of them changes, the other one sees. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type ManualClock, manualClock } from '@labwright/kernel/clock';
import { type Db, openDb } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import { eventually, openProxy, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { createLinksDatabase, type LinksServer, startLinks } from '../testing/server.ts';

const byHand = command('test.links.by_hand', `UPDATE links SET target = '/by-hand' WHERE code = $1`);
const empty = command('test.links.empty', 'TRUNCATE links');
const cut = rows(
  'test.links.cut',
  Type.Object({ pg_terminate_backend: Type.Boolean() }),
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND query ~ '^(LISTEN|SELECT 1)' AND pid <> pg_backend_pid()`,
);

let database: TestDatabase;
let otherDb: Db;
let clock: ManualClock;
let one: LinksServer;
let other: LinksServer;
before(async () => {
  database = await createLinksDatabase();
  otherDb = openDb({ url: database.url, applicationName: 'other' });
  clock = manualClock(Date.now());
  one = await startLinks(database.db, { clock });
  other = await startLinks(otherDb, { clock });
  await heard('/listens');
});
after(async () => {
  await one.stop();
  await other.stop();
  await otherDb.close();
  await database.drop();
});

const make = async (body: object): Promise<string> => {
  const made = await one.ask('POST', '/links', body);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body.code;
};
const follow = (server: LinksServer, code: string) =>
  server.ask('GET', `/s/${code}`).then(({ status, headers, body }) => ({
    status,
    to: headers.location,
    code: body?.code,
  }));
const leads = (server: LinksServer, code: string, to: string) =>
  eventually(
    `it leads to ${to}`,
    async () => ((await follow(server, code)).to === to ? true : undefined),
    5_000,
  );

/** Both hear of what changes: a link that was known is seen changed by the other one. */
async function heard(path: string): Promise<void> {
  await eventually('changes are heard of', async () => {
    const code = await make({ target: '/before' });
    await follow(other, code);
    await one.ask('PATCH', `/links/${code}`, { target: path });
    return leads(other, code, path).catch(() => undefined);
  });
}

test('a code that many follow is looked up once; so is one that nobody has', async () => {
  const code = await make({ target: '/hot' });
  const before = await other.lookups();
  const all = await Promise.all(Array.from({ length: 200 }, () => follow(other, code)));
  assert.ok(all.every(({ to }) => to === '/hot'));
  assert.equal(await other.lookups(), before + 1);
  await Promise.all(Array.from({ length: 200 }, () => follow(other, 'zzzzzzz')));
  assert.equal(await other.lookups(), before + 2);
});

test('what one process changes, deletes or makes, the other one sees at once, also what is changed by hand', async () => {
  const code = await make({ target: '/first' });
  await leads(other, code, '/first');
  await one.ask('PATCH', `/links/${code}`, { target: '/second' });
  assert.equal((await follow(one, code)).to, '/second', 'whoever changed it sees it in the next request');
  await leads(other, code, '/second');
  await database.db.execute(byHand, [code]);
  await leads(other, code, '/by-hand');
  await leads(one, code, '/by-hand');
  await one.ask('DELETE', `/links/${code}`);
  await eventually(
    'it is gone',
    async () => ((await follow(other, code)).status === 404 ? true : undefined),
    5_000,
  );
});

test('410 from the very moment; a later time brings it back', async () => {
  const code = await make({ target: '/soon', expires_at: new Date(clock.now() + 10_000).toISOString() });
  assert.equal((await follow(other, code)).status, 302);
  await clock.advance(9_999);
  assert.equal((await follow(other, code)).status, 302);
  await clock.advance(1);
  assert.deepEqual(await follow(other, code), { status: 410, to: undefined, code: 'link_expired' });
  await one.ask('PATCH', `/links/${code}`, { expires_at: null });
  await leads(other, code, '/soon');
});

test('a host that is not allowed any more is seen by all', async () => {
  await one.ask('PUT', '/link-hosts/vendor.example');
  const code = await make({ target: 'https://vendor.example/' });
  assert.equal((await follow(other, code)).status, 302);
  await one.ask('DELETE', '/link-hosts/vendor.example');
  await eventually(
    'it is refused',
    async () => ((await follow(other, code)).code === 'link_host_refused' ? true : undefined),
    5_000,
  );
});

test('changes while nobody listens are seen once it listens again', async () => {
  const code = await make({ target: '/gap' });
  await leads(other, code, '/gap');
  await database.db.query(cut);
  await database.db.execute(byHand, [code]);
  await leads(other, code, '/by-hand');
  await heard('/again');
});

test('where nothing is heard at all, a change is seen when the time of what is kept is over', async () => {
  const { hostname, port } = new URL(database.url);
  const proxy = await openProxy({ host: hostname, port: Number(port || 5432) });
  const db = openDb({ url: proxy.through(database.url), applicationName: 'deaf' });
  const deafDb: Db = { ...db, listen: () => new Promise(() => {}) };
  const deaf = await startLinks(deafDb, { clock });
  const code = await make({ target: '/deaf' });
  assert.equal((await follow(deaf, code)).to, '/deaf');
  await one.ask('PATCH', `/links/${code}`, { target: '/heard' });
  await clock.advance(50_000);
  assert.equal((await follow(deaf, code)).to, '/deaf');
  await clock.advance(19_001);
  assert.equal((await follow(deaf, code)).to, '/heard');

  // And what is known is followed while the database is away.
  proxy.weather = 'drop';
  proxy.reset();
  assert.equal((await follow(deaf, code)).to, '/heard');
  await deaf.stop();
  await proxy.close();
  await db.close();
});

test('a code that was taken by hand is passed over', async () => {
  const codes = new Set<string>();
  for (let turn = 0; turn < 3; turn += 1) codes.add(await make({ target: '/again' }));
  const restart = command('test.links.restart', `SELECT setval('link_id_ranges', 0, false)`);
  await database.db.execute(restart);
  // A new process begins with the first range again.
  const third = await startLinks(database.db, { clock });
  const made = await third.ask('POST', '/links', { target: '/new' });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  assert.ok(!codes.has(made.body.code));
  await third.stop();
});

test('everything deleted by hand: nothing leads anywhere', async () => {
  const code = await make({ target: '/empty' });
  await leads(other, code, '/empty');
  await database.db.execute(empty);
  await eventually(
    'it is gone',
    async () => ((await follow(other, code)).status === 404 ? true : undefined),
    5_000,
  );
});
