/** Secrets go through every service, at the level at which most is logged; then what was logged is searched for them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createLog } from '@labwright/kernel/log';
import { openLab, type TestLab } from './testing/lab.ts';

const lines: string[] = [];
let lab: TestLab;
before(async () => {
  lab = await openLab({
    log: createLog({ service: 'all', level: 'trace' }, { write: (line) => void lines.push(line) }),
  });
});
after(() => lab.close());

test('no secret that is sent, or answered, is in the log', async () => {
  const secrets = {
    password: 'planted-password-4711',
    wrong: 'planted-wrong-password-4712',
    bearer: 'planted-bearer-4713',
    api: 'lw_planted-api-token-4714',
    cookie: 'planted-cookie-4715',
    query: 'planted-query-4716',
    broken: 'planted-broken-json-4717',
    basic: Buffer.from('ada:planted-4718').toString('base64'),
  };
  const answered: string[] = [];
  const [, , hub] = lab.services;
  assert.ok(hub);
  const person = { email: 'ada@lab.example', password: secrets.password, deliver: 'body' };
  const made = await hub.server.app.inject({
    method: 'POST',
    url: '/setup',
    payload: { ...person, name: 'Ada' },
  });
  assert.equal(made.statusCode, 201, made.body);
  const signedIn = await hub.server.app.inject({ method: 'POST', url: '/session', payload: person });
  assert.equal(signedIn.statusCode, 200, signedIn.body);
  for (const { access_token, refresh_token } of [made.json(), signedIn.json()])
    answered.push(access_token, refresh_token);
  await hub.server.app.inject({
    method: 'POST',
    url: '/session',
    payload: { ...person, password: secrets.wrong },
  });
  await hub.server.app.inject({
    method: 'POST',
    url: '/session/refresh',
    payload: { refresh_token: answered[1] },
  });

  for (const { server } of lab.services)
    for (const url of ['/openapi.json', '/devices', '/workflows', '/no/such/route', '/me', '/health'])
      for (const method of ['GET', 'POST'] as const) {
        const at = `${url}?token=${secrets.query}&signature=${secrets.query}`;
        const json = { 'content-type': 'application/json' };
        for (const authorization of [
          `Bearer ${secrets.bearer}`,
          `Bearer ${secrets.api}`,
          `Basic ${secrets.basic}`,
          `Bearer ${answered[0]}`,
        ])
          await server.app.inject({ method, url: at, headers: { authorization } });
        const cookie = `labwright_access=${secrets.cookie}; __Host-labwright_access=${secrets.cookie}`;
        await server.app.inject({
          method,
          url: at,
          headers: { cookie, ...json },
          payload: `{"password": "${secrets.broken}`,
        });
      }

  const text = lines.join('');
  // The search finds something to search in: requests, SQL, and problems.
  assert.ok(lines.length > 100);
  for (const kept of ['"msg":"request"', '"msg":"sql"', '"code":"', 'POST', '/session'])
    assert.ok(text.includes(kept), kept);
  const sought = [...Object.values(secrets), ...answered];
  assert.equal(
    sought.filter((secret) => typeof secret === 'string' && secret.length > 10).length,
    sought.length,
  );
  for (const secret of sought) {
    const line = lines.find((each) => each.includes(secret));
    assert.equal(line, undefined, `${secret} is in the log`);
  }
});
