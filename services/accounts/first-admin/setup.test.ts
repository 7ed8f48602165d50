import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '@labwright/kernel/clock';
import { ConfigError } from '@labwright/kernel/config';
import { silentLog } from '@labwright/kernel/log';
import { secretKey } from '../secrets/key.ts';
import { openOffice, password } from '../testing/office.ts';
import { prepareSetup } from './setup.ts';

const ada = { name: 'Ada', email: 'ada@example.org', password };

test('who has the setup token is the first administrator, of several at once one, and nobody after that', async () => {
  const office = await openOffice();
  const home = await mkdtemp(join(tmpdir(), 'labwright-setup-'));
  try {
    const deps = { db: office.database.db, clock: systemClock, log: silentLog };
    assert.deepEqual((await office.ask('GET', '/setup')).body, { needed: true, sign_in_url: null });
    const where = await prepareSetup(deps, { home });
    assert.equal(where, join(home, 'setup-token'));
    assert.equal((await stat(where)).mode & 0o777, 0o600);
    const token = (await readFile(where, 'utf8')).trim();
    const setUp = (given: string | undefined, email = ada.email) =>
      office.ask('POST', '/setup', {
        body: { ...ada, email, ...(given ? { token: given } : {}), deliver: 'body' },
      });
    for (const wrong of [undefined, 'wrong', `${token}x`]) {
      const refused = await setUp(wrong);
      assert.deepEqual([refused.status, refused.body.code], [403, 'wrong_setup_token']);
    }
    const weak = await office.ask('POST', '/setup', { body: { ...ada, token, password: ada.email } });
    assert.equal(weak.body.code, 'weak_password');
    const all = await Promise.all(Array.from({ length: 7 }, (_, n) => setUp(token, `ada${n}@example.org`)));
    const made = all.filter(({ status }) => status === 201);
    assert.equal(made.length, 1);
    for (const { status, body } of all) if (status !== 201) assert.equal(body.code, 'setup_done');
    assert.equal(made[0]?.body.user.role, 'admin');
    assert.equal(
      (await office.ask('GET', '/users', { token: made[0]?.body.access_token ?? '' })).status,
      200,
    );
    assert.equal((await setUp(token)).body.code, 'setup_done');
    assert.equal(await prepareSetup(deps, { home }), null);
    await assert.rejects(stat(where), { code: 'ENOENT' });
  } finally {
    await rm(home, { recursive: true });
    await office.stop();
  }
});

test('the token may be chosen: then it stands in no file', async () => {
  const office = await openOffice();
  const home = await mkdtemp(join(tmpdir(), 'labwright-setup-'));
  try {
    const deps = { db: office.database.db, clock: systemClock, log: silentLog };
    assert.equal(
      await prepareSetup(deps, { home, token: 'chosen by the operator' }),
      'LABWRIGHT_SETUP_TOKEN',
    );
    await assert.rejects(stat(join(home, 'setup-token')), { code: 'ENOENT' });
    const made = await office.ask('POST', '/setup', { body: { ...ada, token: 'chosen by the operator' } });
    assert.equal(made.status, 201);
  } finally {
    await rm(home, { recursive: true });
    await office.stop();
  }
});

test('the secret key: made once for its owner alone, the same at every start and for all who start at once', async () => {
  const home = await mkdtemp(join(tmpdir(), 'labwright-key-'));
  try {
    const keys = await Promise.all(Array.from({ length: 10 }, () => secretKey({ setting: undefined, home })));
    assert.equal(new Set(keys.map((key) => key.toString('hex'))).size, 1);
    assert.equal((await stat(join(home, 'secret-key'))).mode & 0o777, 0o600);
    const given = Buffer.alloc(32, 7);
    assert.deepEqual(await secretKey({ setting: given.toString('base64'), home }), given);
    await assert.rejects(secretKey({ setting: 'short', home }), ConfigError);
    await assert.rejects(secretKey({ setting: undefined, home: join(home, 'secret-key') }), ConfigError);
  } finally {
    await rm(home, { recursive: true });
  }
});
