/** Sessions on this machine, against a hub that takes each refresh token once, as the real one does. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { accountErrors } from '@labwright/contract-hub/accounts';
import { isProblem } from '@labwright/kernel/errors';
import { openService } from '../lab/service.ts';
import { endSession, storedIdentity } from './session.ts';
import { openStore, type SessionStore, sessionsFolder } from './store.ts';

let hub: Server;
let url: string;
let folder: string;
let store: SessionStore;
/** The refresh token that is good now; `over`: none is. */
let good = 'r0';
let renewals = 0;
const ended: (string | undefined)[] = [];
/** What it answers instead, where it is none of ours. */
let nonsense: string | undefined;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-sessions-'));
  hub = createServer(async (request, response) => {
    if (nonsense !== undefined) {
      response.writeHead(200, { 'content-type': 'application/json' }).end(nonsense);
      return;
    }
    if (request.method === 'DELETE') {
      ended.push(request.headers.authorization);
      return response.writeHead(204).end();
    }
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const { refresh_token } = JSON.parse(Buffer.concat(pieces).toString()) as { refresh_token: string };
    if (refresh_token !== good) {
      good = 'over';
      const problem = accountErrors.problem('session_ended', 'It was used before.');
      return response.writeHead(401).end(JSON.stringify(problem.toWire()));
    }
    renewals += 1;
    good = `r${renewals}`;
    return response.writeHead(200, { 'content-type': 'application/json' }).end(
      JSON.stringify({
        status: 'signed_in',
        user: { name: 'Ada', email: 'ada@example.org' },
        expires_at: new Date(Date.now() + 900_000).toISOString(),
        access_token: `a${renewals}`,
        refresh_token: good,
      }),
    );
  });
  await new Promise<void>((resolve) => hub.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(hub.address() as AddressInfo).port}`;
  store = openStore(folder, url);
});
after(async () => {
  hub.close();
  await rm(folder, { recursive: true, force: true });
});

/** Signed in, with an access token that is over in so many milliseconds. */
const signedIn = (leftMs: number) =>
  store.save({
    name: 'Ada',
    email: 'ada@example.org',
    access_token: 'a0',
    refresh_token: 'r0',
    access_until: Date.now() + leftMs,
    services: ['https://devices.example.org'],
  });
beforeEach(async () => {
  good = 'r0';
  nonsense = undefined;
  renewals = 0;
  ended.length = 0;
  await store.remove();
});

/** As another process has it: nothing in common but the folder. */
const another = () =>
  storedIdentity({ hub: openService({ name: 'hub', url, settings: '' }), store: openStore(folder, url) });

test('a token that is good is shown as it is; nobody signed in: none', async () => {
  assert.equal(await another().for(url)(false), undefined);
  await signedIn(600_000);
  assert.equal(await another().for(url)(false), 'a0');
  assert.equal(renewals, 0);
});

test('one that is over is renewed once, however many ask at once in however many processes', async () => {
  await signedIn(-1);
  const identities = Array.from({ length: 5 }, another);
  const tokens = await Promise.all(
    identities.flatMap((one) => [one.for(url)(false), one.for(url)(false), one.for(url)(true, 'a0')]),
  );
  assert.deepEqual(new Set(tokens), new Set(['a1']));
  assert.equal(renewals, 1);
  assert.equal((await store.read())?.refresh_token, 'r1');
});

test('one that was refused is renewed, and what another process fetched meanwhile is taken', async () => {
  await signedIn(600_000);
  const [one, other] = [another(), another()];
  assert.equal(await one.for(url)(false), 'a0');
  assert.equal(await other.for(url)(false), 'a0');
  assert.equal(await one.for(url)(true, 'a0'), 'a1');
  assert.equal(await other.for(url)(true, 'a0'), 'a1');
  assert.equal(renewals, 1);
});

test('whoever died while renewing gives way, and leaves nothing behind', async () => {
  await signedIn(-1);
  const own = dirname(store.file);
  await writeFile(join(own, 'up.lock'), JSON.stringify({ pid: 2 ** 22 + 1, born: 'long ago', nonce: 'x' }));
  assert.equal(await another().for(url)(false), 'a1');
  assert.deepEqual(await readdir(own), ['session.json']);
});

test('an answer that is none of a hub takes the place of no session', async () => {
  const tokens = { access_token: 'a1', refresh_token: 'r1', expires_at: new Date().toISOString() };
  const user = { name: 'Ada', email: 'ada@example.org' };
  for (const answer of [
    '<html>',
    'null',
    '{}',
    JSON.stringify({ status: 'signed_in', user, ...tokens, access_token: undefined }),
    JSON.stringify({ status: 'signed_in', user, ...tokens, refresh_token: 'r\n1' }),
    JSON.stringify({ status: 'signed_in', ...tokens }),
    JSON.stringify({ status: 'signed_in', user, ...tokens, expires_at: 'soon' }),
  ]) {
    await signedIn(-1);
    nonsense = answer;
    await assert.rejects(async () => another().for(url)(false), /What answers at .* is not hub: 200/, answer);
    nonsense = undefined;
    assert.equal((await store.read())?.refresh_token, 'r0', answer);
  }
  assert.equal(await another().for(url)(false), 'a1', 'and it is renewed by the hub, once that is back');
});

test('a command begun as one person does not go on as another who signs in meanwhile', async () => {
  const bob = {
    name: 'Bob',
    email: 'bob@example.org',
    access_token: 'b0',
    refresh_token: 'r0',
    access_until: Date.now() + 600_000,
    services: [],
  };
  for (const gone of [false, true]) {
    await signedIn(600_000);
    const identity = another();
    assert.equal(await identity.for(url)(false), 'a0');
    if (gone) {
      await store.remove();
      assert.equal(await identity.for(url)(true, 'a0'), undefined);
    }
    await store.save(bob);
    for (let turn = 1; turn <= 2; turn += 1)
      await assert.rejects(
        async () => identity.for(url)(true, 'a0'),
        /begun as Ada \(ada@example\.org\), and by now Bob/,
      );
    assert.equal(await another().for(url)(false), 'b0');
  }
});

test('what a process left that was killed while it saved is swept', async () => {
  await signedIn(-1);
  const left = `${store.file}.${randomUUID()}`;
  await writeFile(left, '{"refresh_token": "r');
  assert.equal(await another().for(url)(false), 'a1');
  assert.deepEqual(await readdir(dirname(left)), ['session.json']);
});

test('a session that is over is forgotten, and says so', async () => {
  await signedIn(-1);
  good = 'another';
  await assert.rejects(
    async () => another().for(url)(false),
    (error) => isProblem(error, 'session_ended'),
  );
  assert.equal(await store.read(), undefined);
  assert.equal(await another().for(url)(false), undefined);
});

test('the token goes to the laboratory alone: its machine, and what was named at the sign-in', async () => {
  await signedIn(600_000);
  const identity = another();
  for (const [where, shown] of [
    ['http://localhost:5001', true],
    ['https://devices.example.org', true],
    ['https://localhost:5001', false],
    ['http://elsewhere.example.org', false],
    ['https://devices.example.org.evil.example', false],
  ] as const)
    assert.equal(await identity.for(where)(false), shown ? 'a0' : undefined, where);
});

test('nobody else can read it, and another laboratory has another one', async () => {
  await signedIn(600_000);
  if (process.platform !== 'win32') {
    assert.equal((await stat(store.file)).mode & 0o777, 0o600);
    assert.equal((await stat(dirname(store.file))).mode & 0o777, 0o700);
  }
  assert.equal(await openStore(folder, 'https://lab.example.org').read(), undefined);
});

test('a file that is no session: which one, and what to do', async () => {
  const other = openStore(folder, 'http://broken.example.org');
  await mkdir(dirname(other.file), { recursive: true });
  const whole = {
    name: 'Ada',
    email: 'ada@example.org',
    access_token: 'a',
    refresh_token: 'r',
    access_until: 0,
    services: [],
  };
  const wrong = [
    { services: undefined },
    { services: [1] },
    { access_token: 7 },
    { access_token: 'a\r\nx: y' },
    { access_until: null },
  ].map((part) => JSON.stringify({ ...whole, ...part }));
  await writeFile(other.file, JSON.stringify(whole));
  assert.deepEqual(await other.read(), whole);
  for (const text of ['', '{', '[]', '{"access_token": "x"}', ...wrong]) {
    await writeFile(other.file, text);
    await assert.rejects(other.read(), /session\.json does not hold [\s\S]* labwright sign-in/);
  }
});

test('signing out ends the session with a token that is good, and forgets it', async () => {
  const plainHub = openService({ name: 'hub', url, settings: '' });
  await signedIn(600_000);
  await endSession({ hub: plainHub, store });
  assert.deepEqual(ended, ['Bearer a0']);
  assert.equal(await store.read(), undefined);
  await signedIn(-1);
  await endSession({ hub: plainHub, store });
  assert.deepEqual(ended, ['Bearer a0', 'Bearer a1']);
  await signedIn(-1);
  const nobody = openService({ name: 'hub', url: 'http://127.0.0.1:1', settings: '' });
  await assert.rejects(endSession({ hub: nobody, store }), /cannot be reached/);
  assert.equal(await store.read(), undefined, 'forgotten all the same');
});

test('where it is kept: as XDG has it, else below the home', () => {
  assert.equal(sessionsFolder({ XDG_CONFIG_HOME: '/x', HOME: '/h' }), join('/x', 'labwright', 'sessions'));
  assert.equal(
    sessionsFolder({ XDG_CONFIG_HOME: 'x', HOME: '/h' }),
    join('/h', '.config', 'labwright', 'sessions'),
  );
  assert.equal(sessionsFolder({}), undefined);
});
