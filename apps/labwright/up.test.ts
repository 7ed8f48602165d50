/**
 * The laboratory as a newcomer meets it: `labwright up` on an empty folder, the public examples as they are written,
 * Ctrl-C, start again, kill -9, start again.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually, freePort, spawnScript, type TestProcess } from '@labwright/kernel/testing';
import pg from 'pg';
import { readConnection } from './embedded-postgres/index.ts';
import { inspectProcess } from './embedded-postgres/processes.ts';

type Json = Record<string, unknown> & { workflow?: Json; steps?: Json[]; samples?: Json[] };

const main = import.meta.resolve('./main.ts');
let home: string;
let env: Record<string, string>;
let lab: TestProcess;
let devices: string;
let workflows: string;

before(async () => {
  home = await mkdtemp(join(tmpdir(), 'labwright-up-'));
  const [device, workflow, hub] = await Promise.all([freePort(), freePort(), freePort()]);
  env = {
    LABWRIGHT_HOME: home,
    DEVICE_SERVICE_PORT: String(device),
    WORKFLOW_SERVICE_PORT: String(workflow),
    HUB_SERVICE_PORT: String(hub),
  };
  devices = `http://localhost:${device}`;
  workflows = `http://localhost:${workflow}`;
  await start();
});

after(async () => {
  await lab.kill('SIGINT');
  // Should the test have failed half-way, PostgreSQL may still run: it is ours, by the pid in its own folder.
  const pidFile = join(home, 'postgres', 'data', 'postmaster.pid');
  if (existsSync(pidFile)) process.kill(Number(readFileSync(pidFile, 'utf8').split('\n')[0]), 'SIGINT');
  await rm(home, { recursive: true, force: true });
});

async function start() {
  lab = spawnScript(main, env, { args: ['up'] });
  await lab.wrote(/Ctrl-C stops everything/);
}

/** A service that was held up, as by the start of the others on a busy machine, does nothing and asks to come again. */
async function call(method: string, url: string, body?: unknown) {
  const response = await eventually(`${method} ${url} is taken on`, async () => {
    const answer = await fetch(url, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return answer.status === 503 ? void (await answer.text()) : answer;
  });
  return { status: response.status, body: (await response.json()) as Json };
}

function connect(database: string) {
  const connection = readConnection(join(home, 'postgres'));
  assert.ok(connection);
  const client = new pg.Client({ connectionString: connection.url(database) });
  return client.connect().then(() => client);
}

test('the start screen says what runs where and how psql connects', () => {
  const screen = lab.output();
  assert.match(screen, new RegExp(devices));
  assert.match(screen, new RegExp(workflows));
  assert.match(screen, /PGPASSFILE=\S+ psql -h localhost -p \d+ -U lab_admin -d device_db/);
});

test('the demo laboratory is there', async () => {
  const { body } = await call('GET', `${devices}/devices`);
  const ids = (body.devices as Json[]).map((device) => device.id);
  for (const id of ['liquid-handler-1', 'incubator-1', 'plate-reader-1']) assert.ok(ids.includes(id), id);
  const samples = await call('GET', `${workflows}/samples?limit=1`);
  assert.equal((samples.body.samples as Json[])[0]?.barcode, 'SAMPLE001');
  const listed = await call('GET', `${workflows}/workflows?limit=100`);
  assert.equal((listed.body.workflows as Json[]).length, 50);
  const logs = await call('GET', `${devices}/execution-logs/search?start=2025-01-01&end=2025-01-02`);
  assert.ok((logs.body.execution_logs as Json[]).length > 0);
});

test('the public examples work as they are written', async () => {
  const health = await fetch(`${workflows}/health`);
  assert.deepEqual(await health.json(), { status: 'healthy' });
  const created = await call('POST', `${workflows}/workflows`, {
    name: 'My Test Workflow',
    device_id: 'liquid-handler-1',
    sample_barcodes: ['SAMPLE001', 'SAMPLE002'],
    steps: ['pipette_transfer', 'dispense_reagent'],
  });
  assert.equal(created.status, 201);
  const url = `${workflows}/workflows/${created.body.id}`;
  const started = await call('POST', `${url}/start`);
  assert.equal(started.status, 200);
  assert.equal(started.body.message, 'Workflow started');
  assert.equal(started.body.workflow?.status, 'running');
  assert.equal((await call('GET', `${devices}/devices/liquid-handler-1`)).body.status, 'busy');
  for (const operation of ['pipette_transfer', 'dispense_reagent']) {
    const step = await call('POST', `${url}/execute-step`);
    assert.equal(step.status, 200, JSON.stringify(step.body));
    assert.deepEqual(
      [(step.body.step as Json).operation, (step.body.step as Json).status],
      [operation, 'succeeded'],
    );
  }
  const completed = await call('POST', `${url}/complete`);
  assert.equal(completed.body.workflow?.status, 'completed');
  assert.equal((await call('GET', `${devices}/devices/liquid-handler-1`)).body.status, 'available');
  const logs = await call('GET', `${devices}/execution-logs/liquid-handler-1?limit=2`);
  assert.deepEqual(
    (logs.body.execution_logs as Json[]).map((log) => [log.operation, log.status, log.workflow_id]),
    [
      ['dispense_reagent', 'succeeded', created.body.id],
      ['pipette_transfer', 'succeeded', created.body.id],
    ],
  );
  assert.equal((await call('GET', `${workflows}/samples/SAMPLE001`)).body.barcode, 'SAMPLE001');
  const valid = await call('POST', `${workflows}/samples/validate`, { barcodes: ['SAMPLE001', 'NONE'] });
  assert.deepEqual(valid.body, { valid: false, valid_barcodes: ['SAMPLE001'], invalid_barcodes: ['NONE'] });
});

test('the statements that people type into psql work, and the laboratory goes on after a reset by hand', async () => {
  await call('POST', `${devices}/devices/liquid-handler-2/book`, { workflow_id: 'by-hand' });
  const steps = ['incubate'];
  const held = await call('POST', `${workflows}/workflows`, {
    name: 'Reset',
    device_id: 'incubator-2',
    steps,
  });
  const url = `${workflows}/workflows/${held.body.id}`;
  assert.equal((await call('POST', `${url}/start`)).status, 200);
  const client = await connect('device_db');
  const active = await client.query(
    "SELECT * FROM device_bookings WHERE device_id = 'liquid-handler-2' AND status = 'active';",
  );
  assert.equal(active.rowCount, 1);
  const plan = await client.query(
    "EXPLAIN ANALYZE SELECT * FROM execution_logs WHERE started_at >= '2025-01-01' AND started_at <= '2025-01-02';",
  );
  assert.match(JSON.stringify(plan.rows), /execution_logs_by_time/);
  await client.query("DELETE FROM device_bookings; UPDATE devices SET status = 'available';");
  await client.end();
  // Who lost its device by this is told so.
  await eventually('the workflow is paused', async () =>
    (await call('GET', url)).body.status === 'paused' ? true : undefined,
  );
  const again = await call('POST', `${devices}/devices/liquid-handler-2/book`, { workflow_id: 'another' });
  assert.equal(again.status, 200);
  await call('POST', `${devices}/devices/liquid-handler-2/release`, { workflow_id: 'another' });
});

test('a second laboratory in the same folder is refused, naming the first and where to open it', async () => {
  for (const ports of [{}, { DEVICE_SERVICE_PORT: '0', WORKFLOW_SERVICE_PORT: '0', HUB_SERVICE_PORT: '0' }]) {
    const second = spawnScript(main, { ...env, ...ports }, { args: ['up'] });
    assert.equal(await second.ended, 1);
    assert.match(second.output(), new RegExp(String(lab.child.pid)));
    assert.doesNotMatch(second.output(), /^\s+at /m);
    if (process.platform !== 'linux') continue;
    const address = `http://localhost:${env.HUB_SERVICE_PORT}`;
    assert.ok(second.output().includes(`It already runs here: ${address}\n`), second.output());
    assert.match(second.output(), new RegExp(`stop it, .*with kill ${lab.child.pid}\\.`));
  }
});

test('ports that are taken: one line to copy, and it works; nothing is left running', async () => {
  const elsewhere = await mkdtemp(join(tmpdir(), 'labwright-taken-'));
  const taken = { ...env, LABWRIGHT_HOME: elsewhere, LABWRIGHT_DEMO: '0' };
  const refused = spawnScript(main, taken, { args: ['up'] });
  assert.equal(await refused.ended, 1, refused.output());
  const said = refused.output();
  if (process.platform === 'linux') assert.ok(said.includes(`with kill ${lab.child.pid}.`), said);
  assert.doesNotMatch(said, /^\s+at |Starting|Stopped/m);
  assert.ok(!existsSync(join(elsewhere, 'postgres')), 'PostgreSQL was begun');
  const line = /^ {2}(\S.*) npm start$/m.exec(said)?.[1]?.split(' ');
  assert.ok(line, said);
  const advised = Object.fromEntries(line.map((word) => word.split('=')));
  assert.equal(advised.LABWRIGHT_HOME, elsewhere);
  const beside = spawnScript(main, { ...taken, ...advised }, { args: ['up'] });
  await beside.wrote(/Ctrl-C stops everything/);
  assert.equal((await fetch(`http://localhost:${advised.HUB_SERVICE_PORT}/health`)).status, 200);
  await beside.kill('SIGINT');
  await rm(elsewhere, { recursive: true, force: true });
});

test('wrong settings: every fault in one message, exit code 2', async () => {
  const wrong = { ...env, DEVICE_SERVICE_PORT: 'x', LOG_LEVEL: 'loud', DEVICE_DATABASE_URL: 'mysql://x' };
  const refused = spawnScript(main, wrong, { args: ['up'] });
  assert.equal(await refused.ended, 2);
  for (const name of ['DEVICE_SERVICE_PORT', 'LOG_LEVEL', 'DEVICE_DATABASE_URL'])
    assert.match(refused.output(), new RegExp(`- ${name} `));
  assert.doesNotMatch(refused.output(), /^\s+at /m);
});

test('the command line, which knows the hub alone: tables, JSON, a refusal, and a pipe that is closed', async () => {
  const hub = { LABWRIGHT_URL: `http://localhost:${env.HUB_SERVICE_PORT}` };
  const run = async (...args: string[]) => {
    const ran = spawnScript(main, hub, { args });
    return { code: await ran.ended, text: ran.output() };
  };
  const listed = await run('devices');
  assert.equal(listed.code, 0, listed.text);
  assert.match(
    listed.text,
    /^device +name +type +status +held by[\s\S]*liquid-handler-1 +Liquid handler 1 +liquid_handler +available/,
  );
  const { code, text } = await run('workflow', 'list', '--all', '--json');
  assert.equal(code, 0, text);
  assert.ok((JSON.parse(text) as Json[]).length >= 50);
  assert.equal((await run('status')).code, 0);
  const none = await run('devices', 'nobody');
  assert.equal(none.code, 6);
  assert.match(none.text, /nobody[\s\S]*labwright devices lists the devices\./);
  const logs = spawnScript(main, hub, { args: ['logs', '--format', 'ndjson'] });
  await logs.wrote(/"device_id"/);
  logs.child.stdout?.destroy();
  assert.equal(await logs.ended, 0, 'an early end of the reader is no failure');
});

test('more demo logs while the laboratory runs', async () => {
  const demo = spawnScript(main, env, { args: ['demo', '--logs', '30000'] });
  assert.equal(await demo.ended, 0, demo.output());
  assert.match(demo.output(), /30000 execution logs\./);
});

test('Ctrl-C stops everything, and the next start goes on', async () => {
  const created = await call('POST', `${workflows}/workflows`, {
    name: 'Kept',
    device_id: 'incubator-1',
    steps: ['incubate'],
  });
  await call('POST', `${workflows}/workflows/${created.body.id}/start`);
  await lab.kill('SIGINT');
  assert.equal(await lab.ended, 0, lab.output());
  assert.ok(!existsSync(join(home, 'postgres', 'data', 'postmaster.pid')), 'PostgreSQL is still there');
  await assert.rejects(fetch(`${devices}/health`));
  await start();
  assert.equal((await call('GET', `${workflows}/workflows/${created.body.id}`)).body.status, 'running');
  assert.equal((await call('POST', `${workflows}/workflows/${created.body.id}/cancel`)).status, 200);
});

test('a second Ctrl-C ends it all at once, PostgreSQL too, and nothing that was answered is lost', async () => {
  const created = await call('POST', `${workflows}/workflows`, {
    name: 'Hurried',
    device_id: 'incubator-1',
    steps: ['incubate'],
  });
  // A request that never comes to its end keeps the first one waiting.
  const hanging = connectSocket(Number(env.HUB_SERVICE_PORT), '127.0.0.1');
  hanging.on('error', () => {});
  const asks = [
    'POST /tasks HTTP/1.1',
    'Host: localhost',
    'Content-Type: application/json',
    'Content-Length: 99',
    'Expect: 100-continue',
  ];
  hanging.write(`${asks.join('\r\n')}\r\n\r\n`);
  // The hub has it in hand, and asks for what never comes.
  assert.match(String((await once(hanging, 'data'))[0]), /^HTTP\/1.1 100 /);
  const pidFile = join(home, 'postgres', 'data', 'postmaster.pid');
  const postmaster = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  lab.child.kill('SIGINT');
  await lab.wrote(/Ctrl-C again ends it at once/);
  const asked = performance.now();
  // Quicker ones count as the same keystroke.
  await eventually('a person has pressed it again', async () => performance.now() - asked > 400 || undefined);
  assert.equal(lab.child.exitCode, null, 'it waits for the request in hand');
  lab.child.kill('SIGINT');
  assert.equal(await lab.ended, 130, lab.output());
  assert.match(lab.output(), /Ended at once/);
  assert.ok(!inspectProcess(postmaster).alive, 'PostgreSQL is still there');
  hanging.destroy();
  await start();
  assert.equal((await call('GET', `${workflows}/workflows/${created.body.id}`)).body.status, 'created');
});

test('kill -9 and start again: nothing that was answered is lost', async () => {
  const created = await call('POST', `${workflows}/workflows`, {
    name: 'Survivor',
    device_id: 'plate-reader-1',
    steps: ['plate_read'],
  });
  const url = `${workflows}/workflows/${created.body.id}`;
  assert.equal((await call('POST', `${url}/start`)).status, 200);
  await lab.kill('SIGKILL');
  await start();
  assert.equal((await call('GET', url)).body.status, 'running');
  const step = await call('POST', `${url}/execute-step`);
  assert.equal((step.body.step as Json).status, 'succeeded', JSON.stringify(step.body));
  assert.equal((await call('POST', `${url}/complete`)).status, 200);
});

test('the log has one JSON object a line and no password', async () => {
  const text = await readFile(join(home, 'logs', 'labwright.log'), 'utf8');
  const lines = text.trim().split('\n');
  for (const line of lines) JSON.parse(line);
  assert.ok(lines.length > 20);
  const connection = readConnection(join(home, 'postgres'));
  assert.ok(connection && !text.includes(connection.password), 'the password is in the log');
});
