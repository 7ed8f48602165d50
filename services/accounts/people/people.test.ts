import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { days } from '../deps.ts';
import { type Office, openOffice, password, type Signed } from '../testing/office.ts';

let office: Office;
let admin: Signed;
const clock = manualClock(Date.now());
before(async () => {
  office = await openOffice({ clock });
  admin = await office.person('admin', 'Adam');
});
after(() => office.stop());

const asAdmin = (method: 'GET' | 'POST' | 'PATCH', url: string, body?: unknown) =>
  office.ask(method, url, { token: admin.access, ...(body === undefined ? {} : { body }) });
let count = 0;
const invite = (more: Record<string, unknown> = {}) => {
  count += 1;
  return asAdmin('POST', '/users', {
    name: 'New',
    email: `new${count}@example.org`,
    role: 'viewer',
    ...more,
  });
};

test('only administrators manage accounts', async () => {
  const olga = await office.person('operator');
  const target = await invite();
  for (const [method, url, body] of [
    ['GET', '/users', undefined],
    ['GET', `/users/${target.body.user.id}`, undefined],
    ['POST', '/users', { name: 'x', email: 'y@example.org', role: 'admin' }],
    ['PATCH', `/users/${olga.id}`, { role: 'admin' }],
    ['POST', `/users/${target.body.user.id}/lock`, { reason: 'x' }],
    ['POST', `/users/${target.body.user.id}/unlock`, {}],
    ['POST', `/users/${target.body.user.id}/invitation`, undefined],
    ['POST', `/users/${target.body.user.id}/second-factor/remove`, { reason: 'x' }],
  ] as const) {
    const asked = await office.ask(method, url, { token: olga.access, ...(body ? { body } : {}) });
    assert.deepEqual([asked.status, asked.body.code], [403, 'forbidden'], `${method} ${url}`);
    const nobody = await office.ask(method, url, body ? { body } : {});
    assert.equal(nobody.status, 401, `${method} ${url}`);
  }
});

test('an invitation sets the password once, within seven days, and a newer one takes its place', async () => {
  const made = await invite();
  assert.deepEqual([made.status, made.body.user.state], [201, 'invited']);
  const accept = (token: string | undefined, given = password) =>
    office.ask('POST', '/invitations/accept', { body: { token, password: given } });
  assert.equal((await office.signIn(made.body.user.email)).status, 401);
  const newer = await asAdmin('POST', `/users/${made.body.user.id}/invitation`);
  const stale = await accept(made.body.invitation?.token);
  assert.deepEqual([stale.status, stale.body.code], [404, 'invitation_invalid']);
  assert.equal((await accept(newer.body.token)).status, 200);
  assert.equal((await accept(newer.body.token)).status, 404);
  const late = await invite();
  await clock.advance(7 * days + 1);
  assert.equal((await accept(late.body.invitation?.token)).status, 404);
  admin = { ...admin, access: (await office.signIn(admin.email)).body.access_token };
});

test('400: what everybody would try first is no password', async () => {
  const made = await invite({ name: 'Marie Curie Sklodowska', email: 'marie.sklodowska@example.org' });
  for (const given of [
    'MARIE.sklodowska@example.org',
    'marie curie sklodowska',
    'aaaaaaaaaaaaaaaa',
    'abababababab',
  ]) {
    const refused = await office.ask('POST', '/invitations/accept', {
      body: { token: made.body.invitation?.token, password: given },
    });
    assert.deepEqual([refused.status, refused.body.code], [400, 'weak_password'], given);
  }
  const short = await office.ask('POST', '/invitations/accept', {
    body: { token: made.body.invitation?.token, password: 'short' },
  });
  assert.deepEqual([short.status, short.body.code], [400, 'validation_failed']);
});

test('400: a name of spaces alone', async () => {
  for (const name of [' ', '\u00a0 \u2003']) {
    const made = await invite({ name });
    assert.deepEqual([made.status, made.body.code], [400, 'validation_failed']);
  }
});

test('409: one account an address, whatever its case', async () => {
  const made = await invite();
  const again = await invite({ email: made.body.user.email.toUpperCase() });
  assert.deepEqual([again.status, again.body.code], [409, 'email_taken']);
});

test('404: nobody by that id', async () => {
  const none = await asAdmin('GET', '/users/nobody');
  assert.deepEqual([none.status, none.body.code], [404, 'user_not_found']);
});

test('accounts page by page, and by address', async () => {
  const seen: string[] = [];
  let cursor = '';
  do {
    const { body } = await asAdmin('GET', `/users?limit=3${cursor && `&cursor=${cursor}`}`);
    seen.push(...body.users.map(({ email }) => email));
    cursor = body.next_cursor ?? '';
  } while (cursor !== '');
  assert.deepEqual(seen, [...new Set(seen)].sort());
  assert.ok(seen.includes(admin.email));
  const one = await asAdmin('GET', `/users?email=${admin.email.toUpperCase()}`);
  assert.deepEqual(
    one.body.users.map(({ id }) => id),
    [admin.id],
  );
});

test('a new role holds at once: the old access token ends, a refresh brings the new one, within the same second too', async () => {
  const ada = await office.person('viewer');
  const changed = await asAdmin('PATCH', `/users/${ada.id}`, { role: 'operator', reason: 'trained' });
  assert.deepEqual([changed.status, changed.body.role], [200, 'operator']);
  await office.refused(ada.access);
  const fresh = await office.ask('POST', '/session/refresh', { body: { refresh_token: ada.refresh } });
  assert.equal(fresh.body.user.role, 'operator');
  // The clock stands still: only `iat` tells the new token from the old one.
  assert.equal((await office.ask('GET', '/me', { token: fresh.body.access_token })).status, 200);
  await asAdmin('PATCH', `/users/${ada.id}`, { role: 'viewer' });
  await office.refused(fresh.body.access_token);
  const again = await office.ask('POST', '/session/refresh', {
    body: { refresh_token: fresh.body.refresh_token },
  });
  assert.equal((await office.ask('GET', '/me', { token: again.body.access_token })).status, 200);
});

test('a lock ends everything of a person at once; unlocked, the person can sign in again', async () => {
  const ada = await office.person('operator');
  const machine = await office.ask('POST', '/api-tokens', {
    token: ada.access,
    body: { name: 'robot', role: 'viewer' },
  });
  assert.equal((await office.ask('GET', '/api-tokens', { token: machine.body.token })).status, 200);
  const locked = await asAdmin('POST', `/users/${ada.id}/lock`, { reason: 'has left' });
  assert.deepEqual([locked.body.state, locked.body.lock_reason], ['locked', 'has left']);
  await office.refused(ada.access);
  await office.refused(machine.body.token);
  assert.equal(
    (await office.ask('POST', '/session/refresh', { body: { refresh_token: ada.refresh } })).status,
    401,
  );
  const wrong = await office.signIn(ada.email, 'not the password at all');
  assert.equal(wrong.body.code, 'invalid_credentials', 'only who knows the password hears of the lock');
  const right = await office.signIn(ada.email);
  assert.deepEqual([right.status, right.body.code], [403, 'account_locked']);
  assert.equal((await asAdmin('POST', `/users/${ada.id}/unlock`, {})).body.state, 'active');
  const back = await office.signIn(ada.email);
  assert.equal(back.status, 200);
});

test('409: the last administrator stays; of two who demote each other at once one stays', async () => {
  const { db } = office.database;
  const [first, second] = [await office.person('admin', 'First'), await office.person('admin', 'Second')];
  const others = `role = 'admin' AND id NOT IN ('${first.id}', '${second.id}')`;
  await db.raw(`UPDATE users SET role = 'operator' WHERE ${others}`);
  const demote = (by: Signed, whom: Signed) =>
    office.ask('PATCH', `/users/${whom.id}`, { token: by.access, body: { role: 'viewer' } });
  const statuses = (await Promise.all([demote(first, second), demote(second, first)])).map(
    ({ status }) => status,
  );
  assert.deepEqual(statuses.sort(), [200, 409]);
  const one = await db.first({
    name: 'test.admin',
    text: `SELECT id FROM users WHERE role = 'admin'`,
    schema: null,
  });
  const left = [first, second].find(({ id }) => id === (one as { id?: string } | undefined)?.id);
  assert.ok(left);
  const lock = await office.ask('POST', `/users/${left.id}/lock`, {
    token: left.access,
    body: { reason: 'x' },
  });
  assert.deepEqual([lock.status, lock.body.code], [409, 'last_administrator']);
  await db.raw(`UPDATE users SET role = 'admin' WHERE email = 'root@example.org' OR id = '${admin.id}'`);
});

test('the other domains find people by id and page by page', async () => {
  const { people } = office.accounts;
  const all = [];
  for (let after: string | null = null; ; ) {
    const page = await people.page(after, 2);
    all.push(...page);
    after = page.at(-1)?.id ?? null;
    if (page.length < 2) break;
  }
  assert.ok(all.length > 5);
  const ids = all.map(({ id }) => id);
  assert.deepEqual(await people.find([...ids, 'nobody']), all);
  assert.deepEqual(await people.find([]), []);
  assert.deepEqual(Object.keys(all[0] ?? {}).sort(), ['email', 'id', 'locked', 'name', 'role']);
});

test('what is done to accounts is on record, with actor, reason and the state before and after', async () => {
  const ada = await office.person('viewer', 'Ada');
  const { access } = await office.person('admin', 'Recorder');
  await office.ask('PATCH', `/users/${ada.id}`, {
    token: access,
    body: { role: 'operator', reason: 'trained' },
  });
  await office.ask('POST', `/users/${ada.id}/lock`, { token: access, body: { reason: 'has left' } });
  const entries = await office.database.db.query<{
    action: string;
    actor: string;
    reason: string | null;
    text: string;
  }>(
    {
      name: 'test.audit',
      text: `SELECT action, context->'actor'->>'name' AS actor, reason, concat(before, after) AS text FROM audit_pending
             WHERE subject = $1 ORDER BY id`,
      schema: null,
    },
    [`account:${ada.id}`],
  );
  assert.deepEqual(
    entries.map(({ action, actor, reason }) => [action, actor, reason]),
    [
      ['account.created', 'Root', null],
      ['account.password_set', 'Ada', null],
      ['account.changed', 'Recorder', 'trained'],
      ['account.locked', 'Recorder', 'has left'],
    ],
  );
  assert.match(entries[2]?.text ?? '', /viewer.*operator/);
});
