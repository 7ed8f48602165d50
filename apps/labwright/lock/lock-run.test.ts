import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { command } from '@labwright/kernel/statement';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import { locksMigrations } from '@labwright/locks/postgres';

const main = resolve(import.meta.dirname, '../main.ts');
const steal = command('test.lock_run.steal', 'UPDATE locks SET holder = gen_random_uuid() WHERE key = $1');

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([locksMigrations]);
});
after(() => database.drop());

interface Run {
  child: ChildProcess;
  stdout: Promise<string>;
  stderr: Promise<string>;
  code: Promise<number | null>;
}

function run(...args: string[]): Run {
  const child = spawn(process.execPath, [main, 'lock', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOCKS_URL: database.url },
  });
  return {
    child,
    stdout: text(child.stdout),
    stderr: text(child.stderr),
    code: once(child, 'exit').then(([code]) => code),
  };
}

/** Runs `sleep` under the lock and answers the process id of the command. */
async function holding(key: string, ...options: string[]): Promise<Run & { pid: number }> {
  const made = run('run', '--key', key, ...options, '--', 'sh', '-c', 'echo $$; sleep 100 & wait');
  const [line] = await once(made.child.stdout as NodeJS.ReadableStream, 'data');
  return { ...made, pid: Number(line) };
}

const isAlive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
const dead = (pid: number) =>
  eventually(`process ${pid} is gone`, async () => (isAlive(pid) ? undefined : true), 20_000);

test('the exit code, the output and the arguments of the command are passed on; it knows its token', async () => {
  const made = run(
    'run',
    '--key',
    'a',
    '--',
    'sh',
    '-c',
    'echo "$1" "$LABWRIGHT_LOCK_KEY" "$LABWRIGHT_LOCK_TOKEN"; exit 3',
    'sh',
    "it's --wait",
  );
  assert.equal(await made.code, 3);
  assert.match(await made.stdout, /^it's --wait a \d+\n$/);
  assert.equal(await run('run', '--key', 'a', '--', 'no-such-program').code, 127);
  assert.equal(await run('run', '--key', 'a', '--', 'sh', '-c', 'kill -9 $$').code, 137);
});

test('while another one holds it: 75 at once, or its turn with --wait; signals are passed on', async () => {
  const first = await holding('b');
  const refused = run('run', '--key', 'b', '--', 'echo', 'no');
  assert.equal(await refused.code, 75);
  assert.equal(await refused.stdout, '');
  assert.match(await refused.stderr, /held by another one; nothing was run. Wait for it with --wait/);
  const waits = run('run', '--key', 'b', '--wait', '60s', '--', 'echo', 'yes');
  first.child.kill('SIGTERM');
  assert.equal(await first.code, 143);
  assert.equal(await waits.code, 0);
  assert.equal(await waits.stdout, 'yes\n');
});

test('kill -9 ends the command too, and whatever it started; the lock is free after its time to live', async () => {
  const { child, pid, code } = await holding('c', '--ttl', '2s');
  child.kill('SIGKILL');
  await code;
  await dead(pid);
  assert.equal(await run('run', '--key', 'c', '--wait', '30s', '--', 'true').code, 0);
});

test('a lease that is lost: the command is killed, and 76', async () => {
  const { pid, code, stderr } = await holding('d', '--ttl', '1s');
  await database.db.execute(steal, ['d']);
  assert.equal(await code, 76);
  assert.equal(isAlive(pid), false);
  assert.match(await stderr, /lease on d .* is lost: another holder has the key; the command was killed/);
});

test('what is not understood: one sentence, the usage, and 2', async () => {
  for (const [args, said] of [
    [[], /lock run --key KEY/],
    [['run', '--key', 'x'], /Name it behind two dashes/],
    [['run', '--', 'true'], /--key takes the name/],
    [['run', '--key', 'x', '--wait', 'soon', '--', 'true'], /--wait takes a time/],
    [['run', '--key', 'x', '--ttl', '1ms', '--', 'true'], /at least 1s/],
    [['run', '--key', 'x', '--url', 'mysql://x', '--', 'true'], /postgres:\/\/… or redis/],
  ] as const) {
    const made = run(...args);
    assert.equal(await made.code, 2);
    assert.match(await made.stderr, said);
  }
});

test('locks that cannot be reached: one sentence, and 1', async () => {
  for (const url of ['postgres://x@127.0.0.1:1/x', 'redis://127.0.0.1:1']) {
    const made = run('run', '--key', 'x', '--url', url, '--', 'true');
    assert.equal(await made.code, 1);
    assert.match(await made.stderr, /The locks at 127.0.0.1:1 cannot be reached. Start the laboratory/);
  }
});
