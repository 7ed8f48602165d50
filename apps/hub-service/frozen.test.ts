/**
 * The hub beside a PostgreSQL and a mail server that are stopped in the middle (SIGSTOP): connections stay open, and nobody says a word. What is asked is
 * answered in time, and after SIGCONT everything goes on by itself.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  eventually,
  freePort,
  spawnScript,
  startPostgres,
  type TestPostgres,
  type TestProcess,
} from '@labwright/kernel/testing';

const mailProcess = import.meta.resolve('../../services/notifications/testing/mail-process.ts');
const setupToken = 'the-setup-token-of-the-test';
/** Seconds for a request that waits for a database that is silent: a statement's 15, 5 for its answer, and some for a machine full of tests. */
const patience = 35;

let folder: string;
let postgres: TestPostgres;
let mailServer: TestProcess;
let hub: TestProcess;
let at: string;
let token: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-frozen-'));
  postgres = await startPostgres();
  const [smtpPort, port] = [await freePort(), await freePort()];
  mailServer = spawnScript(mailProcess, { PORT: String(smtpPort) });
  await mailServer.wrote(/listens/);
  hub = spawnScript(import.meta.resolve('./main.ts'), {
    HUB_DATABASE_URL: postgres.url,
    HUB_SERVICE_PORT: String(port),
    LABWRIGHT_HOME: folder,
    LABWRIGHT_ACCOUNTS: '1',
    LABWRIGHT_SETUP_TOKEN: setupToken,
    SMTP_URL: `smtp://127.0.0.1:${smtpPort}`,
    MAIL_FROM: 'lab@example.org',
    // So long that it is no deadline by which it ends.
    STOP_SECONDS: '60',
  });
  await hub.wrote(/the service listens/);
  at = `http://127.0.0.1:${port}`;
  const { status, body } = await ask('POST', '/setup', {
    token: setupToken,
    name: 'Ada',
    email: 'ada@example.org',
    password: 'a sentence that is long enough',
    deliver: 'body',
  });
  assert.equal(status, 201, JSON.stringify(body));
  token = body.access_token;
  const subscribed = await ask('POST', '/notifications/subscriptions', {
    channel: 'email',
    event_type: 'laboratory.announced',
  });
  assert.equal(subscribed.status, 201, JSON.stringify(subscribed.body));
});

after(async () => {
  mailServer?.child.kill('SIGCONT');
  await hub?.kill();
  await mailServer?.kill();
  await postgres?.remove();
  await rm(folder, { recursive: true, force: true });
});

async function ask(method: 'GET' | 'POST', path: string, body?: object, seconds = patience) {
  const begun = performance.now();
  const response = await fetch(at + path, {
    method,
    headers: {
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
    signal: AbortSignal.timeout(seconds * 1_000),
  });
  const text = await response.text();
  return {
    status: response.status,
    retryAfter: response.headers.get('retry-after'),
    // biome-ignore lint/suspicious/noExplicitAny: an answer is whatever JSON came.
    body: (text === '' ? {} : JSON.parse(text)) as any,
    seconds: (performance.now() - begun) / 1_000,
  };
}

const announce = async (text: string) => {
  const { status, body } = await ask('POST', '/announcements', { title: text, text, severity: 'critical' });
  assert.ok(status < 300, JSON.stringify(body));
};
const mails = (about: string) =>
  mailServer
    .output()
    .split('\n')
    .flatMap((line) =>
      line.startsWith('{') ? [JSON.parse(line) as { id: string; subject: string; text: string }] : [],
    )
    .filter(({ subject }) => subject.includes(about));
const numbered = (about: string, count: number) => Array.from({ length: count }, (_, n) => `${about} ${n}`);

test('PostgreSQL is stopped: probes say so, requests are answered, and each mail is sent once all the same', {
  timeout: 140_000,
}, async () => {
  // Ten leave in a second: it is stopped in the middle of them.
  const titles = numbered('During the stop', 25);
  for (const title of titles) await announce(title);
  await eventually('the first mails are there', async () =>
    mails('During the stop').length >= 5 ? true : undefined,
  );
  postgres.freeze();
  const stoppedAt = performance.now();
  try {
    assert.equal((await ask('GET', '/health', undefined, 5)).status, 200);
    const ready = await ask('GET', '/ready', undefined, 8);
    assert.equal(ready.status, 503);
    assert.match(ready.body.checks.database, /did not answer within 3 s|cannot be reached/);
    const asked = await Promise.all([
      ...Array.from({ length: 20 }, () => ask('GET', '/links')),
      ...Array.from({ length: 5 }, () => ask('POST', '/links', { target: '/devices' })),
      ask('GET', '/notifications'),
      ask('GET', '/s/unknown'),
    ]);
    for (const { status, body, retryAfter, seconds } of asked) {
      assert.deepEqual([status, body.code], [503, 'database_unavailable'], JSON.stringify(body));
      assert.match(body.error, /The database cannot be reached.*Try again/);
      assert.ok(retryAfter);
      assert.ok(seconds < patience);
    }
    // What needs no database is there at once, however many wait for it.
    const waiting = Array.from({ length: 20 }, () => ask('GET', '/links'));
    assert.equal((await ask('GET', '/openapi.json', undefined, 5)).status, 200);
    assert.equal((await ask('GET', '/ready', undefined, 8)).status, 503);
    await Promise.all(waiting);
    // Longer than the leases of whoever has jobs in hand.
    await eventually('the stop is a long one', async () =>
      performance.now() - stoppedAt > 40_000 ? true : undefined,
    );
  } finally {
    postgres.thaw();
  }
  await eventually('it is ready again', async () =>
    (await ask('GET', '/ready')).status === 200 ? true : undefined,
  );
  assert.equal((await ask('GET', '/links')).status, 200);
  await announce('After the stop');
  await eventually('every mail is there', async () =>
    mails('During the stop').length >= titles.length && mails('After the stop').length > 0 ? true : undefined,
  );
  const ids = mails(' the stop').map(({ id }) => id);
  assert.equal(new Set(ids).size, ids.length, 'a mail came twice');
  assert.equal(ids.length, titles.length + 1);
});

test('the mail server is stopped: everything else goes on, and afterwards no mail is missing', {
  timeout: 140_000,
}, async () => {
  mailServer.child.kill('SIGSTOP');
  const titles = numbered('Without mail', 12);
  try {
    for (const title of titles) await announce(title);
    await eventually(
      'all of it is in the inbox, which waits for no mail',
      async () => {
        const { body } = await ask('GET', '/notifications?limit=50');
        const found = body.notifications.filter((one: { title: string }) =>
          one.title.startsWith('Without mail'),
        );
        return found.length === titles.length ? true : undefined;
      },
      15_000,
    );
    assert.equal((await ask('GET', '/ready')).status, 200);
    const failing = await eventually('whoever waits for a mail can read why', async () => {
      const { body } = await ask('GET', '/notifications/deliveries?limit=50');
      return body.deliveries.find(
        (one: { title: string; error: string | null }) => one.title.startsWith('Without mail') && one.error,
      );
    });
    assert.match(failing.error, /mail server/);
    assert.equal(failing.state, 'pending');
  } finally {
    mailServer.child.kill('SIGCONT');
  }
  await eventually('every mail is there', async () =>
    titles.every((title) => mails(title).length > 0) ? true : undefined,
  );
  // What the server had in its hand may come twice: then under one id, and the second says so.
  for (const title of titles) {
    const found = mails(title).filter(({ subject }) => subject.endsWith(title));
    assert.equal(new Set(found.map(({ id }) => id)).size, 1, title);
    assert.ok(
      found.slice(1).every(({ text }) => text.includes('may have reached you before')),
      title,
    );
  }
});

test('asked to end while PostgreSQL is stopped, the hub ends', { timeout: 140_000 }, async () => {
  postgres.freeze();
  const waiting = ask('GET', '/links').catch(() => undefined);
  hub.child.kill('SIGTERM');
  assert.equal(await hub.ended, 0, 'it ends by itself, as it has been asked to');
  assert.match(hub.output(), /the database is silent, and is not waited for/);
  await waiting;
  postgres.thaw();
});
