import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createMetrics } from '@labwright/kernel/telemetry';
import { hashSync as argon2 } from '@node-rs/argon2';
import { hashSync as bcrypt } from '@node-rs/bcrypt';
import { type Office, openOffice, password } from '../testing/office.ts';
import { isPasswordHash, isStale } from './formats.ts';
import { createHasher } from './hasher.ts';
import { startHashing } from './hashing-process.ts';

let office: Office;
before(async () => {
  office = await openOffice();
});
after(() => office.stop());

const storedHash = async (email: string) => {
  const found = await office.database.db.first<{ password: string }>(
    {
      name: 'test.hash',
      text: 'SELECT c.password FROM credentials c JOIN users u ON u.id = c.user_id WHERE u.email = $1',
      schema: null,
    },
    [email],
  );
  return found?.password ?? '';
};

test('bcrypt and weaker argon2id from elsewhere sign in, and are ours from then on', async () => {
  const admin = await office.person('admin');
  const hashes = {
    '2b': bcrypt(password, { cost: 4 }),
    '2a': bcrypt(password, { cost: 4 }).replace('$2b$', '$2a$'),
    '2y': bcrypt(password, { cost: 4 }).replace('$2b$', '$2y$'),
    weak: argon2(password, { memoryCost: 1_024, timeCost: 1 }),
  };
  for (const [name, password_hash] of Object.entries(hashes)) {
    const email = `old-${name}@example.org`;
    const made = await office.ask('POST', '/users', {
      token: admin.access,
      body: { name, email, role: 'viewer', password_hash },
    });
    assert.deepEqual([made.status, made.body.invitation, made.body.user.state], [201, null, 'active']);
    assert.equal((await office.signIn(email, 'not the password at all')).status, 401);
    assert.equal(await storedHash(email), password_hash, 'a wrong password changes nothing');
    assert.equal((await office.signIn(email)).status, 200, name);
    const renewed = await storedHash(email);
    assert.match(renewed, /^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
    assert.equal((await office.signIn(email)).status, 200);
    assert.equal(await storedHash(email), renewed, 'what is ours is not hashed again');
  }
});

test('400: a hash that nobody can check, or that would take a minute to', async () => {
  const admin = await office.person('admin');
  for (const password_hash of [
    'plain text',
    '5f4dcc3b5aa765d61d8327deb882cf99',
    bcrypt(password, { cost: 4 }).replace('$04$', '$31$'),
    argon2(password, { memoryCost: 1_024 }).replace('m=1024', 'm=9999999'),
  ]) {
    assert.equal(isPasswordHash(password_hash), false);
    const refused = await office.ask('POST', '/users', {
      token: admin.access,
      body: { name: 'x', email: 'hash@example.org', role: 'viewer', password_hash },
    });
    assert.deepEqual([refused.status, refused.body.code], [400, 'weak_password']);
  }
});

test('a new password ends every other session, and the old one is good no more', async () => {
  const ada = await office.person('viewer');
  const elsewhere = (await office.signIn(ada.email)).body;
  const change = (given: string, next: string) =>
    office.ask('POST', '/me/password', { token: ada.access, body: { password: given, new_password: next } });
  const wrong = await change('not the password at all', 'another sentence of some length');
  assert.deepEqual([wrong.status, wrong.body.code], [401, 'invalid_credentials']);
  assert.equal((await change(password, ada.email)).body.code, 'weak_password');
  assert.equal((await change(password, 'another sentence of some length')).status, 204);
  await office.refused(elsewhere.access_token);
  assert.equal((await office.ask('GET', '/me', { token: ada.access })).status, 200);
  assert.equal((await office.signIn(ada.email)).status, 401);
  assert.equal((await office.signIn(ada.email, 'another sentence of some length')).status, 200);
});

test('of two changes at once with the same password one counts', async () => {
  const ada = await office.person('viewer');
  const change = (next: string) =>
    office.ask('POST', '/me/password', { token: ada.access, body: { password, new_password: next } });
  const next = ['the first of two sentences', 'the second of two sentences'];
  const statuses = (await Promise.all(next.map(change))).map(({ status }) => status);
  assert.deepEqual(statuses.toSorted(), [204, 401]);
  const winner = next[statuses.indexOf(204)] ?? '';
  assert.equal((await office.signIn(ada.email, winner)).status, 200);
});

test('hashing leaves the event loop free, and a line that is too long is refused with 503', async () => {
  const hasher = createHasher(createMetrics('test'), { processes: 1, line: 5 });
  try {
    await hasher.hash(password);
    let longest = 0;
    let last = performance.now();
    const ticker = setInterval(() => {
      longest = Math.max(longest, performance.now() - last);
      last = performance.now();
    }, 1);
    const results = await Promise.allSettled(Array.from({ length: 12 }, () => hasher.hash(password)));
    clearInterval(ticker);
    const refused = results.filter((result) => result.status === 'rejected');
    assert.ok(refused.length >= 5 && refused.length <= 7, `${refused.length} were refused`);
    for (const { reason } of refused) assert.deepEqual([reason.code, reason.retryAfter], ['overloaded', 2]);
    const hashes = results.filter((result) => result.status === 'fulfilled').map(({ value }) => value);
    assert.equal(new Set(hashes).size, hashes.length, 'each has a salt of its own');
    assert.equal(isStale(hashes[0] ?? ''), false);
    assert.equal(await hasher.verify(password, hashes[0] ?? ''), true);
    assert.equal(await hasher.verify(`${password} `, hashes[0] ?? ''), false);
    // Twelve hashes on the loop would have held it for all of their time.
    process.stdout.write(`# the event loop was held for ${Math.round(longest)} ms at most\n`);
  } finally {
    await hasher.stop();
  }
});

test('a process that dies: the next one does what it had in hand; where that one dies too, 503', async () => {
  let dying = 1;
  const started: number[] = [];
  const start: typeof startHashing = (on) => {
    const real = startHashing(on);
    started.push(1);
    return {
      get alive() {
        return real.alive;
      },
      end: real.end,
      send: (work) => {
        real.send(work);
        dying -= 1;
        if (dying >= 0) void real.end();
      },
    };
  };
  const hasher = createHasher(createMetrics('test'), { processes: 1, start });
  try {
    const known = await hasher.hash(password);
    assert.equal(await hasher.verify(password, known), true);
    assert.equal(started.length, 2);
    dying = 2;
    await assert.rejects(hasher.hash(password), { code: 'overloaded' });
    assert.equal(await hasher.verify(password, known), true);
  } finally {
    await hasher.stop();
  }
  await assert.rejects(hasher.hash(password), { code: 'overloaded' });
});
