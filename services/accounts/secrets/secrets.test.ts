import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { createLog } from '@labwright/kernel/log';
import { type Office, openOffice, password } from '../testing/office.ts';

let office: Office;
const lines: string[] = [];
before(async () => {
  office = await openOffice({
    log: createLog({ service: 'hub-service', level: 'trace' }, { write: (line) => void lines.push(line) }),
  });
});
after(() => office.stop());

test('no password, token or code is readable in the database or in the log, at any level', async () => {
  const ada = await office.person('admin');
  const api = await office.ask('POST', '/api-tokens', {
    token: ada.access,
    body: { name: 'robot', role: 'viewer' },
  });
  const invited = await office.ask('POST', '/users', {
    token: ada.access,
    headers: { 'idempotency-key': 'once' },
    body: { name: 'New', email: 'new@example.org', role: 'viewer' },
  });
  const factor = await office.ask('POST', '/me/second-factor', { token: ada.access, body: { password } });
  const mistyped = `${randomBytes(8).toString('hex')} a password that was mistyped`;
  await office.signIn(ada.email, mistyped);
  const { cookies } = await office.ask('POST', '/session', { body: { email: ada.email, password } });
  const refreshed = await office.ask('POST', '/session/refresh', { body: { refresh_token: ada.refresh } });
  const secrets = [
    password,
    mistyped,
    ada.access,
    ada.refresh,
    refreshed.body.refresh_token,
    ...cookies.map(({ value }) => value).filter(Boolean),
    api.body.token,
    invited.body.invitation?.token ?? '',
    factor.body.secret,
  ];
  assert.ok(secrets.every((secret) => secret.length > 10));
  const written = `${lines.join('')}\n${await everything()}`;
  assert.match(written, /argon2id/);
  assert.match(written, /"msg":"request"/);
  for (const secret of secrets) assert.ok(!written.includes(secret), `${secret} stands there`);
});

/** Every row of every table, as text. */
async function everything(): Promise<string> {
  const { db } = office.database;
  const tables = await db.query<{ name: string }>({
    name: 'test.tables',
    text: `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`,
    schema: null,
  });
  assert.ok(tables.length > 12);
  const parts = [];
  for (const { name } of tables) {
    const found = await db.query<{ text: string }>({
      name: `test.dump ${name}`,
      text: `SELECT t::text AS text FROM ${name} t`,
      schema: null,
    });
    parts.push(...found.map(({ text }) => text));
  }
  return parts.join('\n');
}
