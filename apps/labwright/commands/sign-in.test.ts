/** Signing in at the terminal, at a laboratory where people have accounts. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import type { Asking } from '@labwright/contract-hub/accounts';
import { commonErrors } from '@labwright/kernel/errors';
import { eventually, spawnScript } from '@labwright/kernel/testing';
import { runCommandLine } from '../command-line/run.ts';
import { testTerminal } from '../command-line/testing.ts';
import { openTown, setupToken, type Town } from '../gateway/testing/town.ts';
import { openStore, type StoredSession } from '../sign-in/store.ts';
import { codeOf } from '../testing/authenticator.ts';
import { hasTmux, openWindow } from '../testing/tmux.ts';
import { commandTable } from './index.ts';
import { commandLine } from './testing.ts';

const main = import.meta.resolve('../main.ts');
const email = 'ada@example.org';
const password = 'analytical engines weave';
let town: Town;
let folder: string;
let env: Record<string, string>;

before(async () => {
  town = await openTown({ hubAccounts: true });
  folder = await mkdtemp(join(tmpdir(), 'labwright-sign-in-'));
  env = { LABWRIGHT_URL: town.hub, XDG_CONFIG_HOME: folder, NO_COLOR: '1' };
  const made = await fetch(`${town.hub}/setup`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token: setupToken, name: 'Ada', email, password }),
  });
  assert.equal(made.status, 201, await made.text());
});
after(async () => {
  await town.close();
  await rm(folder, { recursive: true, force: true });
});

const { run, ok, asJson } = commandLine(() => env);
const script = `sign-in --email ${email} --password-stdin`;
const store = () => openStore(join(folder, 'labwright', 'sessions'), town.hub);
const stored = async (): Promise<StoredSession> => {
  const found = await store().read();
  assert.ok(found);
  return found;
};
/** As a quarter of an hour does. */
const letAccessEnd = async () => store().save({ ...(await stored()), access_until: 0 });

test('nobody signed in: 5, and how to sign in', async () => {
  const { code, told } = await run('devices');
  assert.equal(code, 5);
  assert.match(told, /labwright sign-in/);
});

test('a password on standard input: every command is theirs, by way of the hub and straight', async () => {
  const { code, told } = await run(script, { input: `${password}\n` });
  assert.equal(code, 0, told);
  assert.match(told, /^Signed in at http:\S+ as Ada \(ada@example\.org, admin\)\.\n$/);
  assert.doesNotMatch(await readFile(store().file, 'utf8'), new RegExp(password));
  assert.match(await ok('devices'), /incubator-1/);
  assert.match(await ok('people'), /ada@example\.org/);
  await ok('devices', { env: { LABWRIGHT_DEVICE_URL: town.devices } });
  assert.match(await ok('status'), /devices +\d+ available/);
  assert.match(await ok("complete -- people role ''"), /^ada@example\.org\t/m);
  assert.match(
    await ok('whoami'),
    /name +Ada\naddress +ada@example\.org\nrole +admin\n[\s\S]*by labwright sign-in/,
  );
});

test('files and chat, which go by other ways, too', async () => {
  const file = join(folder, 'note.txt');
  await writeFile(file, 'hello');
  assert.match(await ok(`files upload ${file}`), /./);
  await ok("chat send lab 'Good morning'");
  assert.match(await ok('chat lab'), /Good morning/);
});

test('a token that is given goes before whoever signed in', async () => {
  const made = await run('tokens create robot --role viewer');
  const token = made.said.trim();
  const robot = { env: { LABWRIGHT_TOKEN: token } };
  assert.equal((await run('people', robot)).code, 5);
  assert.match(await ok('whoami', robot), /name +robot\n[\s\S]*by LABWRIGHT_TOKEN/);
  assert.match(await ok(`whoami --token ${token}`), /by --token/);
  const forPeople = await run('whoami --token nonsense');
  assert.equal(forPeople.code, 5);
  const again = await run(script, { ...robot, input: password });
  assert.match(again.told, /LABWRIGHT_TOKEN is set, and goes first/);
});

test('an access token that is over is renewed; by processes at once each refresh token only once', async () => {
  await letAccessEnd();
  const before = await stored();
  const processes = Array.from({ length: 4 }, () => spawnScript(main, env, { args: ['whoami', '--json'] }));
  for (const one of processes) assert.equal(await one.ended, 0, one.output());
  const now = await stored();
  assert.notEqual(now.refresh_token, before.refresh_token);
  assert.ok(now.access_until > Date.now());
  assert.equal((await asJson<Asking>('whoami')).name, 'Ada', 'the session was not taken for stolen');
});

test('what is over by word of the laboratory is renewed as well, and what is ended is forgotten', async () => {
  const people = await asJson<{ id: string }[]>('people');
  const call = (method: string, path: string, token: string) =>
    fetch(town.hub + path, { method, headers: { authorization: `Bearer ${token}` } });
  assert.ok(people.length > 0);
  await store().save({ ...(await stored()), access_token: `${(await stored()).access_token}x` });
  await ok('devices');
  const { access_token } = await stored();
  const sessions = (await (await call('GET', '/me/sessions', access_token)).json()) as {
    sessions: { id: string; current: boolean }[];
  };
  assert.equal(
    sessions.sessions.length,
    2,
    'that of the setup and ours: signing in again ended the one before',
  );
  const current = sessions.sessions.find((one) => one.current);
  assert.equal((await call('DELETE', `/me/sessions/${current?.id}`, access_token)).status, 204);
  const over = await eventually('the end of the session is known', async () => {
    const { code, told } = await run('people');
    return code === 0 ? undefined : { code, told };
  });
  assert.equal(over.code, 5);
  assert.match(over.told, /labwright sign-in/);
  assert.equal(await store().read(), undefined);
});

test('what is refused: a wrong password, nobody to ask, half of what is needed', async () => {
  const wrong = await run(script, { input: 'not the password\n' });
  assert.equal(wrong.code, 5);
  for (const [args, input] of [
    ['sign-in', ''],
    ['sign-in --password-stdin', password],
    [script, ''],
  ] as const)
    assert.equal((await run(args, { input })).code, 2, args);
  assert.equal((await run(script, { input: password, env: { XDG_CONFIG_HOME: '' } })).code, 2);
  assert.equal(await store().read(), undefined);
});

/** Types an answer to each question that is asked on the terminal. */
async function answering(args: string, answers: readonly (readonly [RegExp, () => string])[]) {
  const stdin = Object.assign(new PassThrough(), { isTTY: true });
  const terminal = { ...testTerminal({ env, columns: 80 }), stdin };
  const running = runCommandLine(commandTable, args.split(' '), terminal);
  for (const [question, answer] of answers) {
    const from = terminal.told().search(question) === -1 ? 0 : terminal.told().length;
    await eventually(`${question}`, async () => question.test(terminal.told().slice(from)) || undefined);
    stdin.write(`${answer()}\n`);
  }
  return { code: await running, told: terminal.told() };
}

test('a second factor: asked for, a wrong code once more; in a script --code', async () => {
  await ok(script, { input: password });
  const post = async (path: string, body: object) => {
    const { access_token } = await stored();
    const response = await fetch(town.hub + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await response.json()) as { url: string; secret: string; recovery_codes: string[] };
  };
  const { secret } = await post('/me/second-factor', { password });
  const { recovery_codes } = await post('/me/second-factor/confirm', { code: codeOf(secret) });
  const silent = await run(script, { input: password });
  assert.equal(silent.code, 2);
  assert.match(silent.told, /--code/);
  await ok(`${script} --code ${recovery_codes[0]}`, { input: password });
  const { code, told } = await answering('sign-in', [
    [/E-mail address: /, () => email],
    [/Password of ada@example\.org: /, () => password],
    [/Code of the authenticator[^\n]*: /, () => 'rubbish'],
    [/A code has six digits[\s\S]*Code of[^\n]*: /, () => recovery_codes[1] ?? ''],
  ]);
  assert.equal(code, 0, told);
  assert.match(told, /Signed in at/);
  assert.ok(!told.includes(password), 'the password is not shown');
  assert.equal((await run(`${script} --code ${recovery_codes[0]}`, { input: password })).code, 5);
});

test('sign-out ends it at the laboratory and here; twice is no mistake', async () => {
  const { access_token } = await stored();
  assert.match((await run('sign-out')).told, /^Signed out/);
  assert.equal(await store().read(), undefined);
  const headers = { authorization: `Bearer ${access_token}` };
  await eventually('its token is refused', async () =>
    (await fetch(`${town.hub}/me`, { headers })).status === 401 ? true : undefined,
  );
  const again = await run('sign-out');
  assert.deepEqual([again.code, again.told.startsWith('Nobody was signed in')], [0, true]);
});

test('a laboratory that cannot end the session now: forgotten here, and that it may still be there is said', async () => {
  const ill = createServer((_request, response) => {
    const problem = commonErrors.problem('database_unavailable', 'The database is away.');
    response.writeHead(503, { 'content-type': 'application/problem+json' });
    response.end(JSON.stringify(problem.toWire()));
  });
  ill.listen(0, '127.0.0.1');
  await once(ill, 'listening');
  const url = `http://127.0.0.1:${(ill.address() as AddressInfo).port}`;
  const there = openStore(join(folder, 'labwright', 'sessions'), url);
  const session = { name: 'Ada', email, access_token: 'a', refresh_token: 'r', services: [] };
  await there.save({ ...session, access_until: Date.now() + 600_000 });
  const { code, told } = await run(`sign-out --url ${url}`);
  ill.close();
  assert.equal(code, 4);
  assert.match(told, /The database is away\.[\s\S]*forgotten here[\s\S]*within seven days/);
  assert.equal(await there.read(), undefined);
});

test('in a real terminal the password is not shown, and Ctrl-C leaves it as it was', {
  skip: hasTmux() ? false : 'tmux is not installed',
}, async () => {
  await mkdir(join(folder, 'bin'));
  await symlink(resolve(import.meta.dirname, '../bin.mjs'), join(folder, 'bin', 'labwright'));
  const window = await openWindow({
    columns: 90,
    rows: 20,
    folder,
    env: { ...env, PATH: `${join(folder, 'bin')}:${dirname(process.execPath)}:${process.env.PATH}` },
  });
  try {
    await window.shows(/^\$/);
    await window.type(`labwright sign-in --email ${email}; echo "ended with $?"`);
    await window.press('Enter');
    await window.shows(/^Password of ada@example\.org:$/m);
    await window.type('not to be seen');
    await window.press('C-c');
    const screen = await window.shows(/^ended with 130$/m);
    assert.doesNotMatch(screen, /not to be seen/);
    await window.type('echo seen again');
    await window.shows(/^\$ echo seen again$/m);
  } finally {
    await window.close();
  }
});
