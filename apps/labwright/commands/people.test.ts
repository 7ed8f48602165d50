/** Accounts and API tokens at the terminal of whoever sits at the machine, against the services of a whole laboratory. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ApiToken, User } from '@labwright/contract-hub/accounts';
import { localPrincipal } from '@labwright/kernel/identity';
import { openLab as reachLab } from '../lab/open-lab.ts';
import { openLab, sayWho, type TestLab } from '../security/testing/lab.ts';
import { commandLine, placesOf } from './testing.ts';

let lab: TestLab;
let env: Record<string, string>;

before(async () => {
  lab = await openLab({
    identity: {
      ...sayWho,
      authenticate: async (request) => (await sayWho.authenticate(request)) ?? localPrincipal,
    },
  });
  env = { ...placesOf(lab), NO_COLOR: '1' };
});
after(() => lab.close());

const { run, ok, asJson } = commandLine(() => env);
const ada = 'ada@example.org';
const stateOf = async (email: string) => (await asJson<User[]>(`people --email ${email}`))[0]?.state;

test('people: invited by a link that works, listed by address', async () => {
  const invited = await run(`people invite ${ada} Ada Lovelace --role admin`);
  assert.equal(invited.code, 0, invited.told);
  const [, token] = /^http:\/\/127\.0\.0\.1:\d+\/ui\/#invitation=(\S+)\n$/.exec(invited.said) ?? [];
  assert.match(invited.told, /Ada Lovelace \(ada@example\.org, admin\) alone: whoever opens it until \d{4}-/);
  assert.match(invited.told, /Only this computer can open it\./);
  assert.equal(await stateOf(ada), 'invited');
  const { hub } = reachLab({}, env);
  await hub.send('POST', '/invitations/accept', {
    body: { token, password: 'analytical engines weave' },
  });
  assert.equal(await stateOf(ada), 'active');
  await ok('people invite bob@example.org Bob --role scientist');
  const text = await ok('people');
  assert.match(
    text,
    /^address +name +role +state +2nd factor +why locked\nada@example\.org +Ada Lovelace +admin +active +no +–\nbob@/,
  );
  assert.doesNotMatch(text, /invitation/);
  assert.match(await ok('people invite-again bob@example.org'), /#invitation=/);
});

test('people: role, lock with a reason and unlock, by address or id', async () => {
  const bob = 'bob@example.org';
  assert.match(await ok(`people role ${bob} operator`), /^Bob \(bob@example\.org\) is operator now\.\n$/);
  const silent = await run(`people lock ${bob}`);
  assert.equal(silent.code, 2);
  await ok(`people lock ${bob} --reason 'has left'`);
  assert.match(await ok(`people --email ${bob}`), /locked +no +has left/);
  const [user] = await asJson<User[]>(`people --email ${bob}`);
  await ok(`people unlock ${user?.id}`);
  assert.equal(await stateOf(bob), 'invited');
});

test('people: what is refused, with what to do', async () => {
  const nobody = await run('people lock eve@example.org --reason x');
  assert.equal(nobody.code, 6);
  assert.match(
    nobody.told,
    /Nobody here has the address eve@example\.org\.\nlabwright people lists the people/,
  );
  const last = await run(`people role ${ada} viewer`);
  assert.equal(last.code, 7);
  assert.equal((await run(`people invite ${ada} Again --role viewer`)).code, 7);
  for (const args of ['invite x@example.org X', 'invite x@example.org X --role king', `role ${ada} king`])
    assert.equal((await run(`people ${args}`)).code, 2, args);
  assert.equal((await run('people --token operator')).code, 5);
});

test('tokens: shown once, with its role, scopes and end, listed and revoked', async () => {
  const made = await run(
    'tokens create plate robot --role operator --scope devices:write,workflows:read --days 90',
  );
  assert.match(made.said, /^lw_\S+\n$/);
  const secret = made.said.trim();
  assert.match(
    made.told,
    /^"plate robot" is operator for devices:write, workflows:read, until \d{4}-\d\d-\d\d/,
  );
  assert.ok(!made.told.includes(secret));
  const listed = await run('tokens');
  assert.ok(!listed.said.includes(secret) && listed.said.includes(secret.slice(0, 7)));
  assert.match(
    listed.said,
    /operator +active +\d{4}-\d\d-\d\d +never +devices:write, workflows:read +plate robot/,
  );
  const [token] = await asJson<ApiToken[]>('tokens');
  assert.match(made.told, new RegExp(`labwright tokens revoke ${token?.id} ends it`));
  assert.match(await ok("complete -- tokens revoke ''"), new RegExp(`^${token?.id}\tplate robot, operator`));
  await ok(`tokens revoke ${token?.id}`);
  assert.match(await ok('tokens'), /operator +revoked/);
  assert.equal(await ok("complete -- tokens revoke ''"), '');
  const forever = JSON.parse(await ok('tokens create x --role viewer --for-ever --json')) as {
    api_token: ApiToken;
  };
  assert.deepEqual([forever.api_token.expires_at, forever.api_token.scopes], [null, null]);
});

test('tokens: what is refused', async () => {
  for (const args of [
    'x',
    'x --role king',
    'x --role viewer --days 0',
    'x --role viewer --days 1 --for-ever',
  ])
    assert.equal((await run(`tokens create ${args}`)).code, 2, args);
  assert.equal((await run('tokens create x --role admin --token scientist')).code, 5);
  const missing = await run('tokens revoke 00000000-0000-4000-8000-000000000000');
  assert.equal(missing.code, 6);
  assert.match(missing.told, /labwright tokens lists the tokens/);
});
