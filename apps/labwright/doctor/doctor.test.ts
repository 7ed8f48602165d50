/** Each trouble is made for real, found, explained, and gone once it is mended. Nothing is changed by looking. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { eventually, freePort, startRedis } from '@labwright/kernel/testing';
import pg from 'pg';
import { endPostgres, type Json, labwright, type RunningLab, startLab } from '../backup/testing/lab.ts';
import { readConnection } from '../embedded-postgres/index.ts';
import { checkWeb } from './checks/web.ts';
import { examine } from './doctor.ts';

let folder: string;
let home: string;
let lab: RunningLab;
let env: Record<string, string>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-doctor-'));
  home = join(folder, 'home');
  lab = await startLab(home);
  env = lab.env;
});

after(async () => {
  await lab.stop();
  for (const name of readdirSync(folder)) endPostgres(join(folder, name));
  await rm(folder, { recursive: true, force: true });
});

async function query(database: string, sql: string): Promise<Json[]> {
  const connection = readConnection(join(home, 'postgres'));
  assert.ok(connection);
  const client = new pg.Client({ connectionString: connection.url(database) });
  await client.connect();
  try {
    return (await client.query(sql)).rows;
  } finally {
    await client.end();
  }
}

async function found(code: string, more: Record<string, string> = {}) {
  const { findings } = await examine({ ...env, ...more });
  const finding = findings.find((each) => each.code === code);
  assert.ok(finding, `${code} is among ${JSON.stringify(findings)}`);
  assert.ok(finding.evidence.length > 0 && finding.remedy.length > 10);
  return { ...finding, seen: finding.evidence.join('\n') };
}

async function gone(code: string, more: Record<string, string> = {}): Promise<void> {
  const { findings } = await examine({ ...env, ...more });
  assert.deepEqual(
    findings.filter((finding) => finding.code === code),
    [],
  );
}

test('a laboratory that works has no trouble; exit codes and JSON say so', async () => {
  const doctor = labwright(env, 'doctor', '--json');
  const code = await doctor.ended;
  const told = JSON.parse(doctor.output());
  assert.deepEqual(
    told.findings.filter(({ severity }: Json) => severity === 'trouble'),
    [],
  );
  // A warning there may be on a small machine: little room on the disk, or pages that were not built.
  assert.equal(code, told.findings.length === 0 ? 0 : 3, doctor.output());
  assert.ok(told.checked.length > 12);
});

test('settings that are wrong', async () => {
  const { seen } = await found('settings_wrong', { DEVICE_SERVICE_PORT: 'x' });
  assert.match(seen, /DEVICE_SERVICE_PORT/);
  const doctor = labwright({ ...env, DEVICE_SERVICE_PORT: 'x' }, 'doctor');
  assert.equal(await doctor.ended, 1);
  assert.match(doctor.output(), /^TROUBLE {2}Settings are wrong/);
});

test('a port that another program has: which one', async () => {
  const port = await freePort();
  const script = `require('net').createServer().listen(${port}, '127.0.0.1', () => console.log('listens'))`;
  const other = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(other.stdout, 'data');
  try {
    const { seen, remedy } = await found('port_taken', { HUB_SERVICE_PORT: String(port) });
    if (process.platform === 'linux') assert.match(seen, new RegExp(`process ${other.pid} \\(.*listen`));
    assert.match(remedy, /HUB_SERVICE_PORT=/);
  } finally {
    other.kill('SIGKILL');
    await once(other, 'close');
  }
  await gone('port_taken', { HUB_SERVICE_PORT: String(port) });
});

test('a disk that is full', async (t) => {
  const mount = join(folder, 'disk');
  mkdirSync(mount);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64m', 'labwright-test', mount]).status !== 0)
    return t.skip('this user may not mount a file system');
  try {
    const { severity, seen } = await found('disk_full', { LABWRIGHT_HOME: mount });
    assert.equal(severity, 'trouble');
    assert.match(seen, /6[34] MB of 64 MB free/);
  } finally {
    spawnSync('umount', ['--lazy', mount]);
  }
});

test('secrets that others can read', async () => {
  const file = join(home, 'secret-key');
  chmodSync(file, 0o644);
  const { seen, remedy } = await found('secrets_readable');
  assert.match(seen, /secret-key has mode 644/);
  assert.equal(spawnSync('sh', ['-c', remedy]).status, 0, 'the command that is named mends it');
  await gone('secrets_readable');
});

test('a folder in which nothing can be kept', async () => {
  const broken = join(folder, 'broken');
  mkdirSync(broken);
  writeFileSync(join(broken, 'instruments'), 'a file in the place of a folder');
  const { seen } = await found('home_not_writable', { LABWRIGHT_HOME: broken });
  assert.match(seen, /instruments: it is no folder/);
});

test('a database with another password, another name, or that is away', async () => {
  const url = new URL(process.env.LABWRIGHT_TEST_POSTGRES_URL ?? '');
  const urls = (device: string) => ({
    DEVICE_DATABASE_URL: device,
    WORKFLOW_DATABASE_URL: url.toString(),
    HUB_DATABASE_URL: url.toString(),
  });
  const missing = new URL(url);
  missing.pathname = '/there_is_none';
  assert.match((await found('database_missing', urls(missing.toString()))).seen, /there_is_none/);
  const closed = `postgres://somebody@127.0.0.1:${await freePort()}/device_db`;
  const { seen, remedy } = await found('database_unreachable', urls(closed));
  assert.match(seen, /device_db on 127.0.0.1:\d+ as somebody/);
  assert.match(remedy, /DEVICE_DATABASE_URL/);
  const connection = readConnection(join(home, 'postgres'));
  const wrong = `postgres://lab_admin:wrong-secret@127.0.0.1:${connection?.port}/device_db`;
  const refused = await found('database_password', urls(wrong));
  assert.doesNotMatch(JSON.stringify(refused), /wrong-secret/);
});

test('a schema that is newer, edited, or older', async () => {
  const copy = await query(
    'hub_db',
    `SELECT * FROM schema_migrations WHERE set_name = 'chat' AND number = 1`,
  );
  const sum = String(copy[0]?.checksum);
  await query(
    'hub_db',
    `INSERT INTO schema_migrations (set_name, number, name, checksum) VALUES ('chat', 99, '0099_later.sql', 'x')`,
  );
  assert.match((await found('schema_newer')).seen, /chat\/0099_later.sql/);
  await query(
    'hub_db',
    `DELETE FROM schema_migrations WHERE number = 99; UPDATE schema_migrations SET checksum = 'x' WHERE set_name = 'chat'`,
  );
  assert.match((await found('schema_edited')).seen, /chat\/0001/);
  await query(
    'hub_db',
    `UPDATE schema_migrations SET checksum = '${sum}' WHERE set_name = 'chat' AND number = 1`,
  );
  await gone('schema_edited');
  const last = await query(
    'device_db',
    `DELETE FROM schema_migrations WHERE set_name = 'devices' AND number = (SELECT max(number) FROM schema_migrations WHERE set_name = 'devices') RETURNING *`,
  );
  assert.match((await found('schema_pending')).seen, /devices\/\d+/);
  const { number, name, checksum } = last[0] ?? {};
  await query(
    'device_db',
    `INSERT INTO schema_migrations VALUES ('devices', ${number}, '${name}', '${checksum}')`,
  );
  await gone('schema_pending');
});

test('a clock that is an hour off, and one that went back', async () => {
  const preload = join(folder, 'an-hour-ahead.mjs');
  writeFileSync(preload, 'const real = Date.now; Date.now = () => real() + 3_600_000;');
  const doctor = labwright({ ...env, NODE_OPTIONS: `--import=${preload}` }, 'doctor', '--json');
  assert.equal(await doctor.ended, 1);
  const { findings } = JSON.parse(doctor.output());
  const off = findings.find(({ code }: Json) => code === 'clock_off');
  assert.match(off.evidence[0], /36\d\d\.\d s behind/);
  await query(
    'hub_db',
    `UPDATE schema_migrations SET applied_at = now() + interval '1 day' WHERE set_name = 'chat'`,
  );
  await found('clock_went_back');
  await query('hub_db', `UPDATE schema_migrations SET applied_at = now() WHERE set_name = 'chat'`);
  await gone('clock_went_back');
});

test('a secret key that is missing, another one, or no key', async () => {
  await query(
    'hub_db',
    `INSERT INTO signing_keys (kid, public_x, private_key, signs_from, created_at) VALUES ('test', 'x', 'sealed with another key', now(), now())`,
  );
  const file = join(home, 'secret-key');
  assert.match((await found('secret_key_changed')).seen, /of \d+ secrets/);
  renameSync(file, `${file}.away`);
  await found('secret_key_missing');
  assert.ok(!readdirSync(home).includes('secret-key'), 'none was made');
  writeFileSync(file, 'no key', { mode: 0o600 });
  await found('secret_key_unreadable');
  rmSync(file);
  renameSync(`${file}.away`, file);
  await query('hub_db', `DELETE FROM signing_keys WHERE kid = 'test'`);
  await gone('secret_key_changed');
});

test('brokers and mail servers that are away, or are something else', async (t) => {
  const port = await freePort();
  for (const [setting, code, url] of [
    ['BROKER_URL', 'broker_away', `amqp://127.0.0.1:${port}`],
    ['SMTP_URL', 'mail_away', `smtp://127.0.0.1:${port}`],
    ['LIVE_REDIS_URL', 'redis_away', `redis://127.0.0.1:${port}`],
  ] as const) {
    const { seen } = await found(code, { [setting]: url, MAIL_FROM: 'lab@example.org' });
    assert.match(seen, new RegExp(`${setting}: 127.0.0.1:${port}: .*ECONNREFUSED`));
  }
  const other = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  other.listen(0, '127.0.0.1');
  await once(other, 'listening');
  const address = other.address();
  assert.ok(address && typeof address === 'object');
  const url = `redis://127.0.0.1:${address.port}`;
  assert.match((await found('redis_away', { LIVE_REDIS_URL: url })).seen, /something else answers there/);
  other.close();
  const redis = await startRedis();
  if (!redis) return t.skip('there is no redis-server');
  try {
    await gone('redis_away', { LIVE_REDIS_URL: redis.url });
  } finally {
    await redis.stop();
  }
});

test('a device that is silent, one that is held back, a step that nobody knows of, a failed workflow', async () => {
  // device-service looks for such executions too, and may be quicker: then once more.
  const silent = await eventually('it is found', async () => {
    await query(
      'device_db',
      `DELETE FROM execution_logs WHERE operation = 'never_heard_of';
       INSERT INTO execution_logs (device_id, device_type, operation, status, started_at, drives)
       VALUES ('centrifuge-1', 'centrifuge', 'never_heard_of', 'running', now() - interval '3 days', 1)`,
    );
    return found('device_silent').catch(() => undefined);
  });
  assert.match(silent.seen, /centrifuge-1: never_heard_of for 4320 min, and no process drives it/);
  await query('device_db', `DELETE FROM execution_logs WHERE operation = 'never_heard_of'`);
  await gone('device_silent');

  const one = await lab.ask('workflow', 'POST', '/workflows', {
    name: 'one',
    device_id: 'thermocycler-1',
    steps: ['run_pcr'],
  });
  const two = await lab.ask('workflow', 'POST', '/workflows', {
    name: 'two',
    device_id: 'thermocycler-1',
    steps: ['run_pcr'],
  });
  await lab.ask('workflow', 'POST', `/workflows/${one.id}/start`, {});
  await lab.ask('workflow', 'POST', `/workflows/${two.id}/start`, { queue: true });
  await lab.ask('device', 'PATCH', '/devices/thermocycler-1', { paused: true });
  assert.match((await found('device_held_back')).seen, /thermocycler-1 is paused, and 1 wait for it/);
  await lab.ask('device', 'PATCH', '/devices/thermocycler-1', { paused: false });
  await gone('device_held_back');

  await query(
    'workflow_db',
    `UPDATE workflow_steps SET status = 'unknown' WHERE workflow_id = '${one.id}';
     UPDATE workflows SET status = 'failed', updated_at = now() - interval '1 hour' WHERE id = '${one.id}'`,
  );
  const unknown = await found('step_unknown');
  assert.match(unknown.seen, new RegExp(`workflow ${one.id}, step 1 \\(run_pcr\\) on thermocycler-1`));
  assert.match(unknown.remedy, /resolve-step/);
  await query('workflow_db', `UPDATE workflow_steps SET status = 'failed' WHERE workflow_id = '${one.id}'`);
  assert.match(
    (await found('workflow_failed')).seen,
    new RegExp(`workflow ${one.id} keeps thermocycler-1, for 60 min`),
  );
  for (const { id } of [one, two]) await lab.ask('workflow', 'POST', `/workflows/${id}/cancel`);
  await gone('step_unknown');
});

test('dead jobs, and a queue on which nobody works', async () => {
  await query(
    'device_db',
    `INSERT INTO jobs (state, max_attempts, queue, task, args, error) VALUES ('dead', 1, 'q.dead', 'fails', '{}', '{"message": "no tip"}');
     INSERT INTO jobs (state, max_attempts, queue, task, args, created_at) VALUES ('ready', 1, 'q.nobody', 'waits', '{}', now() - interval '5 minutes')`,
  );
  assert.match((await found('jobs_dead')).seen, /1 × fails on q.dead, the newest is \d+: no tip/);
  assert.match((await found('queue_without_worker')).seen, /q.nobody: the first one has waited for 30\d s/);
  await query('device_db', `DELETE FROM jobs WHERE queue LIKE 'q.%'`);
  await gone('queue_without_worker');
});

test('pages that were not built', async () => {
  const web = join(folder, 'web');
  mkdirSync(join(web, 'dist'), { recursive: true });
  assert.deepEqual(await checkWeb(undefined, web), []);
  writeFileSync(join(web, 'package.json'), '{}');
  assert.deepEqual(
    (await checkWeb(undefined, web)).map(({ code }) => code),
    ['web_not_built'],
  );
  writeFileSync(join(web, 'dist', 'index.html'), '');
  assert.deepEqual(await checkWeb(undefined, web), []);
});

/** A certificate for localhost from then until then, as openssl dates them. */
function certificate(from: Date, until: Date): { key: Buffer; cert: Buffer } {
  const at = (date: Date) => `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  const base = join(folder, `tls-${until.getTime()}`);
  mkdirSync(base);
  writeFileSync(join(base, 'index'), '');
  writeFileSync(
    join(base, 'ca.cnf'),
    `[ca]\ndefault_ca=d\n[d]\ndatabase=${base}/index\nnew_certs_dir=${base}\nserial=${base}/serial\ndefault_md=sha256\npolicy=p\nrand_serial=yes\n[p]\ncommonName=supplied\n`,
  );
  const openssl = (...args: string[]) => {
    const done = spawnSync('openssl', args, { encoding: 'utf8' });
    assert.equal(done.status, 0, done.stderr);
  };
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    `${base}/key`,
    '-out',
    `${base}/csr`,
    '-subj',
    '/CN=localhost',
  );
  openssl(
    'ca',
    '-batch',
    '-config',
    `${base}/ca.cnf`,
    '-selfsign',
    '-keyfile',
    `${base}/key`,
    '-in',
    `${base}/csr`,
    '-out',
    `${base}/cert`,
    '-notext',
    '-startdate',
    at(from),
    '-enddate',
    at(until),
  );
  return { key: readFileSync(`${base}/key`), cert: readFileSync(`${base}/cert`) };
}

test('a certificate that has expired, soon will, or that nobody trusts; an address that does not answer', async (t) => {
  if (spawnSync('openssl', ['version']).status !== 0) {
    assert.notEqual(process.env.CI, 'true', 'openssl is missing: apt-get install openssl');
    return t.skip('there is no openssl');
  }
  const day = 86_400_000;
  const now = Date.now();
  for (const [code, until] of [
    ['certificate_expired', now - day],
    ['certificate_expires', now + 5.5 * day],
    ['certificate_refused', now + 300 * day],
  ] as const) {
    const server = createTlsServer(certificate(new Date(now - 30 * day), new Date(until)));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    assert.ok(address && typeof address === 'object');
    await found(code, { HUB_PUBLIC_URL: `https://localhost:${address.port}` });
    server.close();
  }
  await found('sign_in_needs_https', { LABWRIGHT_ACCOUNTS: '1', HOST: '0.0.0.0' });
  await found('public_url_unreachable', { HUB_PUBLIC_URL: `https://127.0.0.1:${await freePort()}` });
});

test('what a kill leaves behind: a lock, PostgreSQL, and a restore in the middle; the next start takes over', async () => {
  await lab.process.kill('SIGKILL');
  const doctor = labwright(env, 'doctor');
  assert.equal(await doctor.ended, 4, doctor.output());
  assert.match(
    doctor.output(),
    /No laboratory answers[\s\S]*nobody of ours answers at http:\S+[\s\S]*npm start/,
  );
  assert.match(doctor.output(), /up\.lock names the process \d+, which is gone/);
  assert.match(doctor.output(), /PostgreSQL still runs.*\[orphaned_postgres\]/);
  const pidFile = join(home, 'postgres', 'data', 'postmaster.pid');
  const before_ = statSync(pidFile).mtimeMs;
  await found('stale_lock');
  assert.equal(statSync(pidFile).mtimeMs, before_, 'nothing was changed');
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  process.kill(pid, 'SIGKILL');
  await eventually('it is gone', async () => found('stale_pid_file').catch(() => undefined));

  const note = join(home, 'restore-unfinished.json');
  writeFileSync(note, '{}');
  assert.match((await found('restore_unfinished')).remedy, /labwright restore FILE/);
  rmSync(note);
  mkdirSync(join(home, '.restoring'));
  await found('restore_abandoned');
  rmSync(join(home, '.restoring'), { recursive: true });

  lab = await startLab(home);
  env = lab.env;
  for (const code of [
    'stale_lock',
    'orphaned_postgres',
    'stale_pid_file',
    'restore_unfinished',
    'nothing_runs',
  ])
    await gone(code);
  await found('service_away', { DEVICE_SERVICE_PORT: String(await freePort()) });
});

test('a folder in which nothing was ever started', async () => {
  const { remedy } = await found('no_laboratory', { LABWRIGHT_HOME: join(folder, 'nowhere') });
  assert.match(remedy, /npm start/);
  assert.ok(!readdirSync(folder).includes('nowhere'), 'nothing was made');
});
