import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLog } from './log.ts';
import { withoutSecrets } from './log-secrets.ts';

const logged = (write: (log: ReturnType<typeof createLog>) => void): string => {
  const lines: string[] = [];
  write(createLog({ service: 'x', level: 'trace' }, { write: (line) => void lines.push(line) }));
  for (const line of lines) JSON.parse(line);
  return lines.join('');
};

test('a secret is left out wherever it stands, and the line is still JSON', () => {
  const secret = 'Tr0ub4dor';
  const jwt = `eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ${secret}.c2lnbmF0dXJl${secret}`;
  const text = logged((log) => {
    log.info(
      { password: secret, deep: { er: { new_password: secret, list: [{ refresh_token: secret }] } } },
      'a body',
    );
    log.info({
      headers: { authorization: secret, cookie: `a=${secret}`, 'set-cookie': secret, 'x-api-key': secret },
    });
    log.info(`Bearer ${secret}`);
    log.info({ header: `bearer ${secret}`, other: `Basic ${secret}=` });
    log.warn({ token: `a "quoted" ${secret}` });
    log.info({ body: JSON.stringify({ name: 'ada', password: secret }) }, 'a body as text');
    log.info(`it was lw_${secret}_and_more`);
    log.info({ any: jwt });
    log.error({ err: new Error(`cannot reach postgres://lab:${secret}@db/hub`) }, 'no database');
    log.info({ url: `/reset?name=ada&token=${secret}&x=1` });
    log.info({ url: `/files/7?X-Amz-Signature=${secret}` });
    log.info({ cookies: `labwright_access=1; __Host-access_token=${secret}; b=2` });
  });
  assert.doesNotMatch(text, new RegExp(secret));
  for (const kept of ['a body', 'ada', 'x=1', 'cannot reach postgres://lab:…@db/hub', 'no database'])
    assert.ok(text.includes(kept), kept);
});

test('what is no secret stays as it is', () => {
  for (const line of [
    '{"code":"forbidden","fencing_token":7,"url":"/workflows?limit=5&cursor=abc","msg":"request"}',
    '{"sql":"SELECT token FROM t WHERE key = $1","at":"http://localhost:5001/x","time":"2026-01-01T00:00:00Z"}',
    '{"msg":"this key is not known","email":"mailto:ada@lab.example"}',
  ])
    assert.equal(withoutSecrets(line), line);
});

test('a long line costs little', () => {
  for (const odd of [
    '"'.repeat(100_000),
    'token'.repeat(20_000),
    '"token'.repeat(20_000),
    'a://'.repeat(25_000),
    '?token'.repeat(20_000),
  ]) {
    const started = performance.now();
    withoutSecrets(odd);
    const ms = performance.now() - started;
    assert.ok(ms < 1_000, `${ms} ms for ${odd.slice(0, 10)}…`);
  }
});
