import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Link } from '@labwright/contract-hub/links';
import { writeCursor } from '@labwright/kernel/cursor';
import { rows } from '@labwright/kernel/statement';
import type { TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { createLinksDatabase, type LinksServer, startLinks } from '../testing/server.ts';

let database: TestDatabase;
let links: LinksServer;
before(async () => {
  database = await createLinksDatabase();
  links = await startLinks(database.db);
});
after(async () => {
  await links.stop();
  await database.drop();
});

const audited = rows(
  'test.links.audited',
  Type.Object({ action: Type.String(), subject: Type.String() }),
  'SELECT action, subject FROM audit_pending ORDER BY id',
);

const make = async (target: string, more: object = {}, as?: string): Promise<Link & { url: string }> => {
  const made = await links.ask('POST', '/links', { target, ...more }, as ? { as } : {});
  assert.equal(made.status, 201, JSON.stringify(made.body));
  return made.body;
};

test('201, and 302 to where it was said to lead; the address that is handed out is the one that was asked', async () => {
  const link = await make('/pages/device/liquid-handler-1', { title: 'The handler' }, 'scientist:bob');
  assert.match(link.code, /^[0-9A-Za-z]{7}$/);
  assert.equal(link.url, `http://lab.example:5000/s/${link.code}`);
  assert.deepEqual([link.created_by, link.title, link.expires_at], ['bob', 'The handler', null]);
  for (const method of ['GET', 'HEAD'] as const) {
    const followed = await links.ask(method, `/s/${link.code}`, undefined, { as: 'nobody' });
    assert.deepEqual([followed.status, followed.headers.location], [302, '/pages/device/liquid-handler-1']);
    assert.equal(followed.headers['cache-control'], 'no-store');
  }
  const found = await links.ask('GET', `/links/${link.code}`, undefined, { as: 'viewer' });
  assert.deepEqual(found.body, link);
});

test('a setting says how the laboratory is reached', async () => {
  const other = await startLinks(database.db, { publicUrl: 'https://lab.example.org' });
  const { body } = await other.ask('POST', '/links', { target: '/docs' });
  assert.equal(body.url, `https://lab.example.org/s/${body.code}`);
  await other.stop();
});

test('the same request twice makes one link; another one with the same key is told so', async () => {
  const headers = { 'idempotency-key': 'one-link' };
  const first = await links.ask('POST', '/links', { target: '/once' }, { headers });
  const again = await links.ask('POST', '/links', { target: '/once' }, { headers });
  assert.deepEqual([first.status, again.status, again.body.code], [201, 201, first.body.code]);
  assert.equal((await links.ask('POST', '/links', { target: '/other' }, { headers })).status, 422);
});

test('400: targets that lead elsewhere or run, and times that are over', async () => {
  for (const target of [
    'javascript:alert(1)',
    '//elsewhere.example',
    'https://elsewhere.example/',
    '/s/abcdefg',
  ]) {
    const refused = await links.ask('POST', '/links', { target });
    assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_target'], target);
    assert.equal(refused.body.faults[0].path, 'body.target');
  }
  const over = await links.ask('POST', '/links', { target: '/x', expires_at: '2020-01-01T00:00:00Z' });
  assert.deepEqual([over.status, over.body.code], [400, 'invalid_expiry']);
  for (const body of [{}, { target: 5 }, { target: '/x', more: 1 }, { target: '/x', expires_at: 'soon' }])
    assert.equal((await links.ask('POST', '/links', body)).status, 400, JSON.stringify(body));
});

test('404: codes that nobody has, whatever they look like', async () => {
  for (const code of ['0000000', 'abc', 'a'.repeat(99), '%00', 'x%2fy', 'ä'])
    for (const url of [`/s/${code}`, `/links/${code}`]) {
      const missing = await links.ask('GET', url);
      assert.deepEqual([missing.status, missing.body.code], [404, 'link_not_found'], url);
    }
  assert.equal((await links.ask('DELETE', '/links/0000000')).status, 404);
});

test('changed by whoever made it or an operator, and by nobody else; audited', async () => {
  const link = await make('/before', {}, 'scientist:bob');
  const patch = (body: object, as: string) => links.ask('PATCH', `/links/${link.code}`, body, { as });
  const refused = await patch({ target: '/mine' }, 'scientist:eve');
  assert.deepEqual([refused.status, refused.body.code], [403, 'link_not_yours']);
  assert.equal(
    (await links.ask('DELETE', `/links/${link.code}`, undefined, { as: 'scientist:eve' })).status,
    403,
  );
  assert.equal((await patch({ target: 'javascript:x' }, 'scientist:bob')).status, 400);
  const changed = await patch({ target: '/after', title: 'New' }, 'scientist:bob');
  assert.deepEqual([changed.status, changed.body.target, changed.body.title], [200, '/after', 'New']);
  const untitled = await patch({ title: null }, 'operator:olga');
  assert.deepEqual([untitled.body.target, untitled.body.title], ['/after', null]);
  assert.equal((await links.ask('GET', `/s/${link.code}`)).headers.location, '/after');
  assert.equal((await patch({}, 'scientist:bob')).status, 400);
  assert.equal(
    (await links.ask('DELETE', `/links/${link.code}`, undefined, { as: 'scientist:bob' })).status,
    204,
  );
  assert.equal((await links.ask('GET', `/s/${link.code}`)).status, 404);
  const actions = (await database.db.query(audited)).filter(({ subject }) => subject === `link:${link.code}`);
  assert.deepEqual(
    actions.map(({ action }) => action),
    ['link.create', 'link.change', 'link.change', 'link.delete'],
  );
});

test('pages elsewhere: only of hosts that an administrator has allowed, and as long as that holds', async () => {
  const target = 'https://vendor.example/manual?x=1';
  assert.equal((await links.ask('PUT', '/link-hosts/Vendor.Example', {}, { as: 'operator' })).status, 403);
  const allowed = await links.ask('PUT', '/link-hosts/Vendor.Example', { note: 'manuals' });
  assert.deepEqual(
    [allowed.status, allowed.body.host, allowed.body.note],
    [200, 'vendor.example', 'manuals'],
  );
  assert.equal((await links.ask('PUT', '/link-hosts/vendor.example')).body.note, 'manuals');
  const link = await make(target);
  assert.equal((await links.ask('GET', `/s/${link.code}`)).headers.location, target);
  for (const other of [
    'https://vendor.example:8443/',
    'https://x.vendor.example/',
    'https://vendor.example.evil.example/',
  ])
    assert.equal((await links.ask('POST', '/links', { target: other })).status, 400, other);
  assert.equal((await links.ask('DELETE', '/link-hosts/vendor.example')).status, 204);
  const gone = await links.ask('GET', `/s/${link.code}`);
  assert.deepEqual([gone.status, gone.body.code], [403, 'link_host_refused']);
  const again = await links.ask('DELETE', '/link-hosts/vendor.example');
  assert.deepEqual([again.status, again.body.code], [404, 'link_host_not_found']);
  for (const bad of ['a%20b', 'x%2Fy', 'user%40vendor.example']) {
    const refused = await links.ask('PUT', `/link-hosts/${bad}`);
    assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_host'], bad);
  }
});

test('pages of links and of hosts hold each once; a cursor that is none is refused', async () => {
  const made = new Set<string>();
  for (let index = 0; index < 7; index += 1) made.add((await make(`/page/${index}`)).code);
  const seen: string[] = [];
  let cursor: string | null = '';
  while (cursor !== null) {
    const { body } = await links.ask('GET', `/links?limit=3${cursor ? `&cursor=${cursor}` : ''}`);
    seen.push(...body.links.map((link: Link) => link.code));
    cursor = body.next_cursor;
  }
  assert.equal(new Set(seen).size, seen.length);
  assert.deepEqual(new Set(seen.slice(0, 7)), made, 'newest first');
  for (const name of ['a', 'b', 'c']) await links.ask('PUT', `/link-hosts/${name}.example`);
  const first = await links.ask('GET', '/link-hosts?limit=2');
  const rest = await links.ask('GET', `/link-hosts?limit=2&cursor=${first.body.next_cursor}`);
  assert.deepEqual(
    [...first.body.hosts, ...rest.body.hosts].map(({ host }) => host),
    ['a.example', 'b.example', 'c.example'],
  );
  const notOurs = [`/links?cursor=${writeCursor('links', '2025-99-99T00:00:00Z', 'aaaaaaa')}`];
  for (const url of [...notOurs, '/links?cursor=x', '/link-hosts?cursor=%2F%2Fx']) {
    const refused = await links.ask('GET', url);
    assert.deepEqual([refused.status, refused.body.code], [400, 'invalid_cursor'], url);
  }
});

test('roles: a viewer follows and reads, a scientist makes', async () => {
  assert.equal((await links.ask('POST', '/links', { target: '/x' }, { as: 'viewer' })).status, 403);
  assert.equal((await links.ask('GET', '/links', undefined, { as: 'nobody' })).status, 401);
  assert.equal((await links.ask('POST', '/labels', {}, { as: 'viewer' })).status, 403);
});
