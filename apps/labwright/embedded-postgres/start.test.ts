import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startEmbeddedPostgres } from './start.ts';
import { hasEnded } from './stop.ts';
import { initialisedFolder, query, start, temporaryFolder } from './testing.ts';

/** Occupies a loopback port until the test ends. */
async function occupyPort(t: TestContext, port = 0): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port }, resolve));
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : port;
}

test('the first start makes a safe server with our settings', async (t) => {
  const folder = temporaryFolder(t);
  const postgres = await start(t, folder);

  assert.equal(postgres.adopted, false);
  assert.deepEqual(readdirSync(folder).sort(), ['data', 'pgpass', 'postgres.log'], 'no draft is left behind');
  assert.equal(statSync(join(folder, 'pgpass')).mode & 0o777, 0o600);
  assert.equal(
    readFileSync(join(folder, 'pgpass'), 'utf8'),
    `*:${postgres.port}:*:lab_admin:${postgres.password}\n`,
  );
  const [settings] = await query(
    postgres,
    `SELECT current_setting('fsync') AS fsync, current_setting('timezone') AS timezone,
            current_setting('shared_buffers') AS shared_buffers, current_setting('max_connections') AS max_connections,
            current_setting('listen_addresses') AS listen_addresses, current_setting('server_encoding') AS encoding,
            current_setting('unix_socket_directories') AS sockets, current_setting('data_checksums') AS checksums,
            (SELECT datlocale FROM pg_database WHERE datname = 'postgres') AS locale`,
  );
  assert.deepEqual(settings, {
    fsync: 'on',
    timezone: 'UTC',
    shared_buffers: '128MB',
    max_connections: '100',
    listen_addresses: '127.0.0.1',
    encoding: 'UTF8',
    sockets: '',
    checksums: 'on',
    locale: 'C.UTF-8',
  });
  const wrongPassword = postgres.url('postgres').replace(postgres.password, 'guess');
  await assert.rejects(query({ url: () => wrongPassword }, 'SELECT 1'), { code: '28P01' });
});

test('a restart keeps data, port and password, and stopping twice is no fault', async (t) => {
  const folder = await initialisedFolder(t);
  const first = await start(t, folder);
  await query(first, 'CREATE TABLE plate AS SELECT 96 AS wells');
  await Promise.all([first.stop(), first.stop()]);
  await first.stop();
  await first.ended;
  assert.equal(hasEnded(first), true);

  const second = await start(t, folder, { settings: { max_connections: '20' } });
  assert.equal(second.adopted, false);
  assert.equal(second.url('postgres'), first.url('postgres'));
  assert.deepEqual(await query(second, 'SELECT wells FROM plate'), [{ wells: 96 }]);
  assert.deepEqual(await query(second, 'SHOW max_connections'), [{ max_connections: '20' }]);
});

test('a port that was asked for and is taken is an error that names it', async (t) => {
  const folder = await initialisedFolder(t);
  const port = await occupyPort(t);
  await assert.rejects(startEmbeddedPostgres({ folder, port }), {
    code: 'port_taken',
    message: new RegExp(`Port ${port} .* another port`),
  });
});

test('a remembered port that is taken is replaced, and the new one remembered', async (t) => {
  const folder = await initialisedFolder(t);
  const before = await start(t, folder);
  await before.stop();
  await occupyPort(t, before.port);

  const lines: string[] = [];
  const moved = await start(t, folder, { log: (line) => lines.push(line) });
  assert.notEqual(moved.port, before.port);
  assert.match(lines.join('\n'), new RegExp(`Port ${before.port} is in use .* moving to ${moved.port}`));
  await moved.stop();
  assert.equal((await start(t, folder)).port, moved.port);
});

test('data of another major version is refused and named', async (t) => {
  const folder = await initialisedFolder(t);
  writeFileSync(join(folder, 'data', 'PG_VERSION'), '17\n');
  await assert.rejects(startEmbeddedPostgres({ folder }), {
    code: 'wrong_version',
    message: /written by PostgreSQL 17, and this is PostgreSQL 18/,
  });
});

test('a folder that holds something else is left alone', async (t) => {
  const folder = await initialisedFolder(t);
  rmSync(join(folder, 'data', 'PG_VERSION'));
  await assert.rejects(startEmbeddedPostgres({ folder }), { code: 'initialisation_failed' });
  assert.equal(existsSync(join(folder, 'data', 'base')), true);
});

test('damaged data end in an error with the last lines of the log', async (t) => {
  const folder = await initialisedFolder(t);
  rmSync(join(folder, 'data', 'global', 'pg_control'));
  await assert.rejects(startEmbeddedPostgres({ folder }), {
    code: 'start_failed',
    message: /exit code [\s\S]*pg_control/,
  });
});

test('a missing or false password file is an error, and no server stays behind', async (t) => {
  const folder = await initialisedFolder(t);
  const file = join(folder, 'pgpass');
  const text = readFileSync(file, 'utf8');
  writeFileSync(file, text.replace(/[^:]+\n$/, 'false\n'));
  await assert.rejects(startEmbeddedPostgres({ folder }), { code: 'password_lost', message: /not the one/ });
  assert.equal(existsSync(join(folder, 'data', 'postmaster.pid')), false);

  rmSync(file);
  await assert.rejects(startEmbeddedPostgres({ folder }), { code: 'password_lost', message: /missing/ });
});

test('another user name than that of the first start is refused', async (t) => {
  const folder = await initialisedFolder(t);
  await assert.rejects(startEmbeddedPostgres({ folder, user: 'someone' }), { code: 'wrong_user' });
  await assert.rejects(startEmbeddedPostgres({ folder, user: 'a b' }), { code: 'wrong_name' });
});

test('drafts of an initialisation that was cut off are removed', async (t) => {
  const folder = await initialisedFolder(t);
  const draft = join(folder, 'initialising-abc123');
  rmSync(join(folder, 'data'), { recursive: true });
  writeFileSync(draft, 'cut off');
  await start(t, folder);
  assert.equal(existsSync(draft), false);
});
