import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { days } from '../deps.ts';
import { type Office, openOffice, type Signed, serviceToken } from '../testing/office.ts';

let office: Office;
const clock = manualClock(Date.now());
before(async () => {
  office = await openOffice({ clock });
});
after(() => office.stop());

const make = (by: Signed | string, body: Record<string, unknown>) =>
  office.ask('POST', '/api-tokens', {
    token: typeof by === 'string' ? by : by.access,
    body: { name: 'robot', role: 'viewer', ...body },
  });
const introspect = (token: string, by = serviceToken) =>
  office.ask('POST', '/tokens/introspect', { token: by, body: { token } });

test('a token is shown once, and works for what it is for and nothing else', async () => {
  const ada = await office.person('operator');
  const { status, body } = await make(ada, { role: 'operator', scopes: ['accounts:read', 'devices:write'] });
  assert.equal(status, 201);
  assert.match(body.token, /^lw_[\w-]{43}$/);
  assert.ok(body.token.startsWith(body.api_token.hint));
  const listed = await office.ask('GET', '/api-tokens', { token: ada.access });
  assert.ok(!JSON.stringify(listed.body).includes(body.token));
  assert.equal((await office.ask('GET', '/api-tokens', { token: body.token })).status, 200);
  const beyond = await office.ask('DELETE', `/api-tokens/${body.api_token.id}`, { token: body.token });
  assert.deepEqual([beyond.status, beyond.body.code], [403, 'forbidden']);
  assert.match(beyond.body.detail, /accounts:write/);
});

test('403: nobody makes a token with more rights than their own, and a token makes no tokens', async () => {
  const ada = await office.person('scientist');
  const more = await make(ada, { role: 'operator' });
  assert.deepEqual([more.status, more.body.code], [403, 'too_many_rights']);
  const { token } = (await make(ada, { role: 'scientist' })).body;
  const child = await make(token, {});
  assert.deepEqual([child.status, child.body.code], [403, 'people_only']);
  assert.equal((await office.ask('GET', '/me', { token })).body.code, 'people_only');
});

test('a revoked token is refused at once; its owner or an administrator revokes it', async () => {
  const [ada, eve, admin] = [
    await office.person('viewer'),
    await office.person('viewer'),
    await office.person('admin'),
  ];
  const first = (await make(ada, {})).body;
  const second = (await make(ada, {})).body;
  assert.equal((await office.ask('GET', '/api-tokens', { token: first.token })).status, 200);
  const revoke = (by: Signed, id: string) => office.ask('DELETE', `/api-tokens/${id}`, { token: by.access });
  const foreign = await revoke(eve, first.api_token.id);
  assert.deepEqual([foreign.status, foreign.body.code], [404, 'api_token_not_found']);
  assert.equal((await revoke(ada, first.api_token.id)).status, 204);
  await office.refused(first.token);
  assert.equal((await revoke(ada, first.api_token.id)).status, 204);
  assert.equal((await revoke(admin, second.api_token.id)).status, 204);
  assert.equal((await introspect(second.token)).body.holder, null);
});

test('a token ends on its day, and never has more rights than its owner has now', async () => {
  const ada = await office.person('operator');
  const { token } = (await make(ada, { role: 'operator', expires_in_days: 1 })).body;
  assert.equal((await introspect(token)).body.holder?.role, 'operator');
  const admin = await office.person('admin');
  await office.ask('PATCH', `/users/${ada.id}`, { token: admin.access, body: { role: 'viewer' } });
  assert.equal((await introspect(token)).body.holder?.role, 'viewer');
  await clock.advance(1 * days + 1);
  assert.equal((await introspect(token)).body.holder, null);
});

test('only services look tokens up and read revocations; nobody else learns of them', async () => {
  const olga = await office.person('operator');
  const { token } = (await make(olga, { role: 'operator' })).body;
  for (const by of [olga.access, token])
    for (const asked of [await introspect(token, by), await office.ask('GET', '/revocations', { token: by })])
      assert.deepEqual([asked.status, asked.body.code], [403, 'forbidden']);
  assert.equal((await office.ask('GET', '/revocations')).status, 401);
  assert.equal((await introspect(token)).status, 200);
  assert.equal((await introspect('lw_unknown')).body.holder, null);
  assert.equal((await introspect('something else')).body.holder, null);
});

test('the list: one’s own newest first, all of them for an administrator, page by page', async () => {
  const ada = await office.person('viewer');
  for (const name of ['a', 'b', 'c']) {
    await make(ada, { name });
    await clock.advance(10);
  }
  const names: string[] = [];
  let cursor = '';
  do {
    const { body } = await office.ask('GET', `/api-tokens?limit=2${cursor && `&cursor=${cursor}`}`, {
      token: ada.access,
    });
    names.push(...body.api_tokens.map(({ name }) => name));
    cursor = body.next_cursor ?? '';
  } while (cursor);
  assert.deepEqual(names, ['c', 'b', 'a']);
  const admin = await office.person('admin');
  const all = await office.ask('GET', '/api-tokens?limit=100', { token: admin.access });
  assert.ok(all.body.api_tokens.length > 3);
  const forged = Buffer.from(JSON.stringify(['api-tokens', `2025-13-45T00:00:00Z ${admin.id}`])).toString(
    'base64url',
  );
  const bad = await office.ask('GET', `/api-tokens?cursor=${forged}`, { token: admin.access });
  assert.deepEqual([bad.status, bad.body.code], [400, 'invalid_cursor']);
});
