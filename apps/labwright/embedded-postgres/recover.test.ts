import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chownSync, cpSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import type { EmbeddedPostgres } from './start.ts';
import { hasEnded } from './stop.ts';
import { initialisedFolder, query, start, startOwner, temporaryFolder } from './testing.ts';

/** A process that has nothing to do with PostgreSQL, and yet runs as the user who owns the data. */
async function unrelatedProcess(t: TestContext, data: string): Promise<number> {
  const { uid, gid } = statSync(data);
  const asThem = process.getuid?.() === 0 ? { uid, gid } : {};
  const child = spawn('sleep', ['300'], { ...asThem, stdio: 'ignore' });
  t.after(() => {
    child.kill('SIGKILL');
  });
  await once(child, 'spawn');
  return child.pid ?? 0;
}

/** Puts back the pid file of an earlier run, as a loss of power leaves it, with another process's number. */
function plantPidFile(data: string, text: string, pid: number): void {
  const file = join(data, 'postmaster.pid');
  writeFileSync(file, text.replace(/^\d+/, String(pid)), { mode: 0o600 });
  const { uid, gid } = statSync(data);
  chownSync(file, uid, gid);
}

test('the server outlives its killed owner, and the next start adopts it', async (t) => {
  const folder = await initialisedFolder(t);
  const { owner, pid, port } = await startOwner(t, folder);
  owner.kill('SIGKILL');
  await once(owner, 'exit');

  const postgres = await start(t, folder);
  assert.deepEqual(
    { adopted: postgres.adopted, pid: postgres.pid, port: postgres.port },
    { adopted: true, pid, port },
  );
  assert.deepEqual(await query(postgres, 'SELECT 1 AS one'), [{ one: 1 }]);
  await postgres.stop();
  assert.equal(hasEnded({ pid }), true);
});

test('an orphan with other settings is restarted instead', async (t) => {
  const folder = await initialisedFolder(t);
  const { owner, pid } = await startOwner(t, folder);
  owner.kill('SIGKILL');
  await once(owner, 'exit');

  const postgres = await start(t, folder, { settings: { max_connections: '30' } });
  assert.equal(postgres.adopted, false);
  assert.notEqual(postgres.pid, pid);
  assert.deepEqual(await query(postgres, 'SHOW max_connections'), [{ max_connections: '30' }]);
});

test('what was committed is there after the server was killed', async (t) => {
  const folder = await initialisedFolder(t);
  const killed = await start(t, folder);
  await query(killed, 'CREATE TABLE sample AS SELECT generate_series(1, 1000) AS id');
  process.kill(killed.pid, 'SIGKILL');
  await killed.ended;
  assert.match(readFileSync(join(folder, 'data', 'postmaster.pid'), 'utf8'), new RegExp(`^${killed.pid}\n`));

  const postgres = await start(t, folder);
  assert.equal(postgres.adopted, false);
  assert.equal(postgres.port, killed.port);
  assert.deepEqual(await query(postgres, 'SELECT count(*)::int AS samples FROM sample'), [{ samples: 1000 }]);
});

test('a server that was killed after its owner is started again', async (t) => {
  const folder = await initialisedFolder(t);
  const { owner, pid } = await startOwner(t, folder);
  owner.kill('SIGKILL');
  await once(owner, 'exit');
  // In a container nobody may collect this one: its number stays in use by a process that is dead.
  process.kill(pid, 'SIGKILL');

  const postgres = await start(t, folder);
  assert.equal(postgres.adopted, false);
  assert.notEqual(postgres.pid, pid);
});

test('a start waits for a session that outlives the killed server', async (t) => {
  const folder = await initialisedFolder(t);
  const killed = await start(t, folder);
  const client = new pg.Client({ connectionString: killed.url('postgres') });
  client.on('error', () => {});
  await client.connect();
  // A computation without a pause does not notice that the postmaster is gone until it is done.
  const busy = client.query('SELECT count(*) FROM generate_series(1, 6000000)').catch(() => undefined);
  await sessionIsActive(killed);
  process.kill(killed.pid, 'SIGKILL');
  await killed.ended;

  const postgres = await start(t, folder);
  assert.equal(postgres.adopted, false);
  assert.match(readFileSync(join(folder, 'postgres.log'), 'utf8'), /pre-existing shared memory block/);
  await busy;
  await client.end().catch(() => undefined);
});

async function sessionIsActive(postgres: Pick<EmbeddedPostgres, 'url'>): Promise<void> {
  const sql = `SELECT 1 FROM pg_stat_activity WHERE state = 'active' AND query LIKE '%generate_series(1, 6%'
               AND pid <> pg_backend_pid()`;
  while ((await query(postgres, sql)).length === 0);
}

test('a stale pid file that names an unrelated process is no obstacle', async (t) => {
  const folder = await initialisedFolder(t);
  const data = join(folder, 'data');
  const first = await start(t, folder);
  const text = readFileSync(join(data, 'postmaster.pid'), 'utf8');
  await first.stop();
  const unrelated = await unrelatedProcess(t, data);
  plantPidFile(data, text, unrelated);

  const lines: string[] = [];
  const postgres = await start(t, folder, { log: (line) => lines.push(line) });
  assert.equal(postgres.adopted, false);
  assert.match(lines.join('\n'), new RegExp(`names the process ${unrelated}, which is another program's`));
  assert.equal(hasEnded({ pid: unrelated }), false, 'the other process is left alone');
});

test("a stale pid file that names another folder's server is no obstacle", async (t) => {
  const [folder, otherFolder] = [await initialisedFolder(t), await initialisedFolder(t)];
  const data = join(folder, 'data');
  const first = await start(t, folder);
  const text = readFileSync(join(data, 'postmaster.pid'), 'utf8');
  await first.stop();
  const other = await start(t, otherFolder);
  plantPidFile(data, text, other.pid);

  const postgres = await start(t, folder);
  assert.equal(postgres.adopted, false);
  assert.notEqual(postgres.pid, other.pid);
  await postgres.stop();
  assert.deepEqual(await query(other, 'SELECT 1 AS one'), [{ one: 1 }], 'the other server is left alone');
});

test('a copied folder does not adopt the server of the original', async (t) => {
  const [folder, copy] = [await initialisedFolder(t), temporaryFolder(t)];
  const original = await start(t, folder);
  cpSync(folder, copy, { recursive: true });

  const postgres = await start(t, copy);
  assert.equal(postgres.adopted, false);
  assert.notEqual(postgres.port, original.port);
  assert.deepEqual(await query(original, 'SELECT 1 AS one'), [{ one: 1 }]);
});
