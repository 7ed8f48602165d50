/** The commands in this process, against the three services of a whole laboratory. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type {
  DeviceView,
  Execution,
  HolderWait,
  PriorityPreview,
  WaitingEntry,
} from '@labwright/contract-devices';
import type { Workflow } from '@labwright/contract-workflows';
import { freePort } from '@labwright/kernel/testing';
import { openLab as reachLab } from '../lab/open-lab.ts';
import type { LabStatus } from '../lab/status.ts';
import { openLab, sayWho, type TestLab } from '../security/testing/lab.ts';
import { commandLine, placesOf } from './testing.ts';

let lab: TestLab;
let env: Record<string, string>;
let folder: string;

before(async () => {
  lab = await openLab();
  env = placesOf(lab);
  folder = await mkdtemp(join(tmpdir(), 'labwright-commands-'));
});
after(async () => {
  await lab.close();
  await rm(folder, { recursive: true, force: true });
});

const { run, ok, asJson } = commandLine(() => env);

/** A new workflow; answers its id. */
const make = async (device: string, ...steps: string[]) =>
  (
    await ok(
      `workflow create --name 'Made here' --device ${device} ${steps.map((step) => `--step '${step}'`).join(' ')}`,
    )
  ).trim();

test('status: all three services, and what is going on', async () => {
  const text = await ok('status');
  for (const part of [
    /device-service +ready/,
    /workflow-service +ready/,
    /hub-service +ready/,
    /devices +\d+ available/,
  ])
    assert.match(text, part);
  const status = await asJson<LabStatus>('status');
  assert.equal(status.services.length, 3);
  assert.equal(typeof status.workflows?.running.count, 'number');
});

test('status with a service away: it is named, with what to set, and 4; the others are shown', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const { code, said, told } = await run('status', { env: { LABWRIGHT_WORKFLOW_URL: nobody } });
  assert.equal(code, 4);
  assert.match(said, /workflow-service +away/);
  assert.match(said, /device-service +ready/);
  assert.ok(told.includes(nobody) && told.includes('LABWRIGHT_URL'), told);
});

test('book, who is refused and why, queue, priority, position, release', async () => {
  assert.match(await ok('book plate-reader-1 one'), /booked for workflow one\. Fencing token \d+/);
  const refused = await run('book plate-reader-1 two');
  assert.equal(refused.code, 7);
  assert.match(refused.told, /Workflow one holds plate-reader-1[\s\S]*labwright queue add/);
  assert.match(
    await ok('queue add plate-reader-1 two --operations plate_read'),
    /waits for plate-reader-1 at position 1/,
  );
  await ok('queue add plate-reader-1 three --operations plate_read');
  const foretold = await run('queue preview plate-reader-1 three --priority urgent');
  assert.match(
    foretold.said,
    /^place +workflow +priority +starts in +would start in +difference\n2 → 1 +three \* +urgent .* earlier\n1 → 2 +two +normal .* later\n$/,
  );
  assert.match(
    foretold.told,
    /^1 other would get the device later, by up to .*queue priority plate-reader-1 three urgent/,
  );
  const preview = await asJson<PriorityPreview>('queue preview plate-reader-1 three urgent');
  assert.deepEqual([preview.before.position, preview.after.position, preview.affected_entries], [2, 1, 1]);
  assert.match(
    (await run('queue preview plate-reader-1 three low')).told,
    /^Nobody else gets another place\./,
  );
  assert.match((await run('queue preview plate-reader-1 three normal')).told, /is normal already/);
  assert.equal((await run('queue preview plate-reader-1 one low')).code, 6);
  assert.equal((await run('queue preview plate-reader-1 three soon')).code, 2);
  assert.match(await ok('queue priority plate-reader-1 three urgent'), /urgent now: place 1 instead of 2/);
  const queue = await asJson<WaitingEntry[]>('queue plate-reader-1');
  assert.deepEqual(
    queue.map(({ workflow_id }) => workflow_id),
    ['three', 'two'],
  );
  assert.match(await ok('queue'), /plate-reader-1 +1 +three +urgent/);
  assert.match(await ok('queue position plate-reader-1 two'), /place +2 \(2 workflows in line\)[\s\S]*why/);
  assert.match(await ok('queue position plate-reader-1 one'), /it holds the device/);
  await ok('queue cancel plate-reader-1 three');
  assert.equal((await run('queue cancel plate-reader-1 three')).code, 6);
  const { booking } = await asJson<DeviceView>('devices plate-reader-1');
  const note = (wait: HolderWait) =>
    reachLab({}, env).devices.send('POST', '/devices/plate-reader-1/holder-wait', {
      body: {
        workflow_id: 'one',
        booking_id: booking?.id,
        wait,
        for_seconds: 60,
      },
    });
  await note({ id: 'task-1', code: 'operator_task', about: 'Seal it' });
  const held = await ok('queue position plate-reader-1 two');
  assert.match(held, /^starts in +–$/m);
  assert.match(held, /^ +Workflow one waits for a person to do "Seal it"\.$/m);
  assert.match(await ok('queue plate-reader-1'), /two +normal .* – +.*waits for a person to do "Seal it"/);
  await note({ id: '2 failed 1', code: 'step_failed', position: 2, about: 'the lid is stuck' });
  assert.match(
    await ok('queue plate-reader-1'),
    /two +normal .* – +Workflow one has failed at step 2: the lid is stuck\.$/m,
    'who holds it is not told twice',
  );
  assert.match(await ok('release plate-reader-1 one'), /workflow two holds it now/);
  await ok('release plate-reader-1 two');
  assert.match((await run('queue plate-reader-1')).told, /Nobody waits for plate-reader-1/);
  assert.match(await ok('devices plate-reader-1'), /held by +–/);
});

test('a workflow from options, step by step', async () => {
  const id = await make('liquid-handler-1', 'pipette_transfer', 'dispense_reagent');
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.match(await ok(`workflow start ${id}`), /Workflow started/);
  const other = await make('liquid-handler-1', 'pipette_transfer');
  assert.equal((await run(`workflow start ${other}`)).code, 7);
  assert.match(await ok(`workflow start ${other} -q`), /Workflow queued/);
  await ok(`workflow step ${id}`);
  const last = await run(`workflow step ${id}`);
  assert.equal(last.code, 0);
  assert.match(last.told, /That was the last one: labwright workflow complete/);
  const text = await ok(`workflow show ${id}`);
  assert.match(
    text,
    /status +running[\s\S]*1 +pipette_transfer +succeeded[\s\S]*2 +dispense_reagent +succeeded/,
  );
  assert.equal((await run(`workflow step ${id}`)).code, 7);
  await ok(`workflow pause ${id} --reason lunch`);
  await ok(`workflow cancel ${other}`);
  await ok(`workflow resume ${id}`);
  assert.match(await ok(`workflow complete ${id}`), /Workflow completed/);
  assert.match(await ok('workflow list --status completed --device liquid-handler-1 -n 1'), new RegExp(id));
  assert.equal((await asJson<Workflow[]>('workflow list -n 3')).length, 3);
  const devices = reachLab({}, env).devices;
  const faults = [{ kind: 'fail', code: 'clogged_tip', next: 1 }];
  await devices.send('PATCH', '/devices/liquid-handler-1', { body: { settings: { speed: 60, faults } } });
  const failing = await make('liquid-handler-1', 'pipette_transfer');
  await ok(`workflow start ${failing}`);
  assert.equal((await run(`workflow step ${failing}`)).code, 1);
  const failed = await run(`workflow show ${failing}`);
  assert.match(failed.said, /^device +liquid-handler-1, which it still holds: others wait$/m);
  assert.match(failed.told, /do step 1 .* again +labwright workflow step .*\n.* +labwright workflow cancel /);
  await ok(`workflow cancel ${failing}`);
  assert.equal((await run(`workflow show ${failing}`)).told, '');
  await devices.send('PATCH', '/devices/liquid-handler-1', { body: { settings: { speed: 60 } } });

  const unwanted = await make('liquid-handler-1', 'pipette_transfer');
  await ok(`workflow delete ${unwanted}`);
  const gone = await run(`workflow show ${unwanted}`);
  assert.equal(gone.code, 6);
  assert.match(gone.told, /labwright workflow list/);
});

test('a workflow from a file in YAML, or JSON at standard input; options go before it', async () => {
  const file = join(folder, 'transfer.yaml');
  await writeFile(
    file,
    'name: From a file\ndevice_id: incubator-1\nsteps:\n  - operation: incubate\n    parameters: {}\nsample_barcodes: [SAMPLE001]\n',
  );
  const made = JSON.parse(await ok(`workflow create -f ${file} --name Changed --json`)) as Workflow;
  assert.deepEqual(
    [made.name, made.device_id, made.samples[0]?.barcode],
    ['Changed', 'incubator-1', 'SAMPLE001'],
  );
  const input = JSON.stringify({ name: 'Piped', device_id: 'incubator-1', steps: ['incubate'] });
  const id = (await ok('workflow create -f -', { input })).trim();
  assert.match(await ok(`workflow show ${id}`), /name +Piped/);
});

test('a description that is wrong: 2 for what nobody can read, every fault of the service else', async () => {
  const broken = join(folder, 'broken.yaml');
  await writeFile(broken, 'name: [');
  for (const [args, said] of [
    ['workflow create --name x', /needs --device, --step/],
    [`workflow create -f ${broken}`, /neither YAML nor JSON/],
    [`workflow create -f ${join(folder, 'none')}`, /There is no file/],
    ["workflow create --name x --device incubator-1 --step 'incubate {oops'", /parameters as JSON/],
    ['workflow create --name x --device incubator-1 --step incubate --watch', /add --start/],
  ] as const) {
    const { code, told } = await run(args);
    assert.equal(code, 2, args);
    assert.match(told, said);
  }
  const { code, told } = await run(
    'workflow create --name x --device incubator-1 --step fly --step \'incubate {"minutes": -5}\' --sample NOBODY',
  );
  assert.equal(code, 1);
  for (const part of [/NOBODY/, /fly/]) assert.match(told, part);
});

test('created, started and followed at once; its end is the exit code', async () => {
  const text = await ok(
    "workflow create --name 'By itself' --device plate-reader-1 --step plate_read --start --queue --auto --watch",
  );
  assert.match(text, /1\/1 plate_read: succeeded[\s\S]*completed\n$/);
  const id = text.slice(0, 36);
  assert.equal((await run(`workflow watch ${id}`)).code, 0);
  const objects = (await ok(`workflow watch ${id} --json`)).trim().split('\n');
  assert.equal((JSON.parse(objects.at(-1) ?? '') as Workflow).status, 'completed');
  const open = await make('incubator-1', 'incubate');
  const late = await run(`workflow watch ${open} --timeout 1ms`);
  assert.equal(late.code, 9);
  assert.match(late.told, /It is created/);
  await ok(`workflow cancel ${open}`);
  assert.equal((await run(`workflow watch ${open}`)).code, 8);
});

test('on a terminal a workflow is redrawn in place, no line too long', async () => {
  const id = await make('incubator-1', 'incubate');
  await ok(`workflow cancel ${id}`);
  const { said } = await run(`workflow watch ${id}`, { columns: 60, env: { NO_COLOR: '1' } });
  const lines = stripVTControlCharacters(said).replaceAll('\r', '').split('\n');
  assert.ok(lines.some((line) => /Made here +cancelled/.test(line)));
  assert.ok(
    lines.every((line) => line.length < 60),
    said,
  );
});

test('logs: the newest at the end, filters, and exports as streams', async () => {
  const logs = await asJson<Execution[]>('logs -n 5');
  assert.equal(logs.length, 5);
  assert.deepEqual(
    logs.map(({ started_at }) => started_at),
    logs.map(({ started_at }) => started_at).toSorted(),
  );
  const one = await asJson<Execution[]>('logs liquid-handler-1 --status succeeded -n 3');
  assert.ok(one.every(({ device_id, status }) => device_id === 'liquid-handler-1' && status === 'succeeded'));
  assert.match(await ok('logs -n 2'), /^started +device +operation +status/);
  const csv = await ok('logs --format csv -n 150');
  assert.equal(csv.trim().split('\r\n').length, 151);
  const file = join(folder, 'logs.ndjson');
  const exported = await run(`logs --format ndjson -n 120 -o ${file}`);
  assert.match(exported.told, /120 lines in/);
  const rows = (await readFile(file, 'utf8'))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Execution);
  assert.equal(rows.length, 120);
  for (const args of ['logs --format xml', 'logs -f --format csv', 'logs -f --end 2026-01-01'])
    assert.equal((await run(args)).code, 2, args);
  const unknown = await run('logs no-such-device');
  assert.equal(unknown.code, 6, 'it is not said to have done nothing');
  assert.match(unknown.told, /no-such-device/);
  const { code, told } = await run('logs --start yesterday');
  assert.equal(code, 1);
  assert.match(told, /2025-01-31/);
});

test('a service that is away, and one that is none of ours: which, where, what to set, and 4', async () => {
  const nobody = `http://127.0.0.1:${await freePort()}`;
  const away = await run(`devices --device-url ${nobody}`);
  assert.equal(away.code, 4);
  assert.ok(
    away.told.includes(`device-service cannot be reached at ${nobody} (nothing listens there)`),
    away.told,
  );
  assert.match(away.told, /--device-url or LABWRIGHT_DEVICE_URL/);
  const other = createServer((_request, response) => void response.end('<html>'));
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
  const strange = await run(`devices --url ${at}`, { env: { LABWRIGHT_DEVICE_URL: '' } });
  other.close();
  assert.equal(strange.code, 4);
  // Whoever names the hub alone reaches the others by way of it.
  assert.ok(
    strange.told.includes(`What answers at ${at}/api/device-service is not device-service`),
    strange.told,
  );
  assert.equal((await run('devices --url ftp://x')).code, 2);
});

test('where people sign in: without a token and without the right it is 5, and says what to do', async () => {
  const guarded = await openLab({ identity: sayWho });
  const own = placesOf(guarded);
  try {
    const nobody = await run('devices', { env: own });
    assert.equal(nobody.code, 5);
    assert.match(nobody.told, /LABWRIGHT_TOKEN/);
    assert.equal((await run('devices', { env: { ...own, LABWRIGHT_TOKEN: 'viewer' } })).code, 0);
    assert.equal((await run('devices maintenance incubator-1 --token viewer', { env: own })).code, 5);
    assert.equal((await run('devices maintenance incubator-1 --token operator', { env: own })).code, 0);
  } finally {
    await guarded.close();
  }
});

test('completion asks the laboratory for ids; away, it offers none and says nothing', async () => {
  assert.match(await ok('complete -- book liquid'), /^liquid-handler-1\t/);
  const id = await make('incubator-1', 'incubate');
  assert.match(await ok("complete -- workflow show ''"), new RegExp(`^${id}\tcreated, Made here$`, 'm'));
  const away = await run('complete -- book liquid', {
    env: { LABWRIGHT_DEVICE_URL: `http://127.0.0.1:${await freePort()}` },
  });
  assert.deepEqual([away.code, away.said, away.told], [0, '', '']);
});
