/** Devices, their faults, and what becomes of their workflows, against the services of a whole laboratory. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeviceOverview, DeviceView } from '@labwright/contract-devices';
import type { Workflow } from '@labwright/contract-workflows';
import { openLab, type TestLab } from '../security/testing/lab.ts';
import { commandLine, placesOf } from './testing.ts';

let lab: TestLab;
let env: Record<string, string>;

before(async () => {
  lab = await openLab();
  env = { ...placesOf(lab), NO_COLOR: '1' };
});
after(() => lab.close());

const { run, ok, asJson } = commandLine(() => env);

/** A workflow of this name and these steps; answers what it is and how its command ended. */
const make = async (name: string, device: string, rest: string) => {
  const ended = await run(`workflow create --name '${name}' --device ${device} ${rest}`);
  const [id = ''] = /[0-9a-f]{8}-[0-9a-f-]{27}/.exec(ended.said + ended.told) ?? [];
  return { id, ...ended };
};

test('devices: listed, filtered, one of them, and its operations', async () => {
  const all = await asJson<DeviceOverview[]>('devices');
  const text = await ok('devices');
  for (const { id } of all) assert.ok(text.includes(id), id);
  const some = await asJson<DeviceOverview[]>('devices --type incubator --status available');
  assert.ok(some.length > 0 && some.length < all.length && some.every(({ type }) => type === 'incubator'));
  assert.match(await ok('devices plate-reader-1'), /status +available/);
  assert.equal((await asJson<DeviceView>('devices plate-reader-1')).queue_length, 0);
  assert.match(
    await ok('devices operations incubator-1'),
    /incubate[\s\S]*parameter +takes +default +meaning/,
  );
  assert.equal((await run('devices operations incubator-1 fly')).code, 6);
});

test('maintenance and back, pause and resume', async () => {
  for (const [verb, member, value, said] of [
    ['maintenance', 'status', 'maintenance', 'in maintenance'],
    ['available', 'status', 'available', 'available'],
    ['pause', 'paused', true, 'available, paused'],
    ['resume', 'paused', false, 'available'],
  ] as const) {
    assert.equal(await ok(`devices ${verb} incubator-2`), `Incubator 2 is ${said}.\n`);
    assert.equal((await asJson<DeviceView>('devices incubator-2'))[member], value);
  }
});

test('a workflow that is made and cannot start: its id is told, and how it starts later or waits; devices names who holds it', async () => {
  const holder = await make('Holds it', 'plate-reader-2', '--step plate_read --start');
  assert.equal(holder.code, 0, holder.told);
  // Piped, the id alone: id=$(labwright workflow create … --start).
  assert.match(holder.said, /^[0-9a-f-]{36}\n$/);
  assert.match(holder.told, /^Workflow started: [0-9a-f-]{36}\.\n/);
  const refused = await make('Comes late', 'plate-reader-2', '--step plate_read --start');
  assert.equal(refused.code, 7);
  assert.match(refused.told, /^“Comes late” was made, but not started\. Its id is [0-9a-f-]{36}\.\n/);
  assert.match(
    refused.told,
    /\n“Holds it” \(workflow \S+\) holds plate-reader-2, and nobody waits for it\. (The wait is about \d+ s|It waits until somebody runs step 1)\.\n/,
  );
  assert.ok(refused.told.includes(`To wait in line: labwright workflow start ${refused.id} --queue\n`));
  assert.ok(refused.told.includes(`To start it later: labwright workflow start ${refused.id}\n`));
  assert.equal((await asJson<Workflow>(`workflow show ${refused.id}`)).status, 'created');
  const forPrograms = await make('For a program', 'plate-reader-2', '--step plate_read --start --json');
  assert.equal(forPrograms.code, 7);
  assert.equal((JSON.parse(forPrograms.said) as Workflow).name, 'For a program');
  assert.equal(JSON.parse(forPrograms.told).code, 'device_busy');

  await ok(`workflow start ${refused.id} --queue`);
  assert.match(
    await ok('queue plate-reader-2'),
    new RegExp(
      `^1 +Comes late +${refused.id} .*“Holds it” (?:holds plate-reader-2|waits until somebody runs step 1)\\.$`,
      'm',
    ),
  );
  assert.match(await ok(`queue position plate-reader-2 ${refused.id}`), /why +“Holds it” holds plate/);
  assert.match(
    await ok('devices'),
    /^plate-reader-2 .* busy +Holds it +1\/1 plate_read +1 /m,
    'held by, step, waiting',
  );
  assert.match(
    await ok('devices plate-reader-2'),
    new RegExp(
      `held by +Holds it, since .*\nworkflow +${holder.id}\nstep +1/1 plate_read\nwaiting +1 workflow\n`,
    ),
  );
  await ok(`workflow cancel ${refused.id}`);
  await ok(`workflow cancel ${holder.id}`);
});

test('a fault strikes once; what to do then is told; sent once more it strikes once more', async () => {
  const given = 'devices fault liquid-handler-2 fail --code no_tips';
  assert.match(await ok(given), /^Liquid handler 2 fails with no_tips, in its next operation\.\n$/);
  const failing = await make(
    'Has no tips',
    'liquid-handler-2',
    '--step pipette_transfer --step wash --start --auto --watch',
  );
  assert.equal(failing.code, 1);
  assert.ok(
    failing.told.includes(`do step 1 (pipette_transfer) again  labwright workflow step ${failing.id}\n`),
    failing.told,
  );
  assert.ok(failing.told.includes(`labwright workflow cancel ${failing.id}\n`), failing.told);
  const repaired = await run(`workflow step ${failing.id}`);
  assert.equal(repaired.code, 0, repaired.told);
  assert.match(repaired.told, /^The others follow by themselves\. /);
  assert.doesNotMatch(repaired.told, /workflow complete/);
  assert.equal((await run(`workflow watch ${failing.id}`)).code, 0);

  await ok(given);
  const again = await make('Has none again', 'liquid-handler-2', '--step wash --start --watch --auto');
  assert.equal(again.code, 1);
  await ok(`workflow cancel ${again.id}`);
});

test('faults: what is set, what makes no sense, and none any more', async () => {
  await ok('devices fault incubator-1 slow --factor 3 --probability 0.1 --operations incubate,shake');
  assert.equal(
    await ok('devices fault incubator-1'),
    'takes 3 times as long, in 10 % of its operations, by chance (only incubate, shake)\n',
  );
  const { settings } = await asJson<DeviceView>('devices incubator-1');
  assert.equal(settings.speed, 60, 'the other settings stay');
  assert.match((await run('devices fault incubator-1 hang --always')).told, /fault incubator-1 --clear\n$/);
  for (const [args, code, told] of [
    ['devices fault incubator-1 slow', 2, /--factor 3/],
    ['devices fault incubator-1 explode', 2, /one of fail, slow, hang, disconnect, not "explode"/],
    ['devices fault incubator-1 hang --code door_open', 2, /--code is for fail, not for hang/],
    ['devices fault incubator-1 hang --next 2 --always', 2, /One of --next, --probability, --always/],
    ['devices fault incubator-1 hang --clear', 2, /KIND or --clear/],
    ['devices fault incubator-1 fail --operations fly', 1, /is no operation of this device/],
    ['devices fault nobody hang', 6, /labwright devices lists the devices/],
  ] as const) {
    const refused = await run(args);
    assert.equal(refused.code, code, `${args}\n${refused.told}`);
    assert.match(refused.told, told);
  }
  assert.match(await ok('devices fault incubator-1 --clear'), /has no faults any more/);
  assert.deepEqual(await asJson('devices fault incubator-1'), []);
});

test('what is not there, or not meant so: each hint is for its own kind of thing', async () => {
  const create = 'workflow create --name x --step pipette_transfer';
  for (const [args, hint, not] of [
    [`${create} --device liquid-handler-9`, /labwright devices lists/, /operations/],
    [`${create} --device liquid-handler-1 --sample NO`, /labwright samples lists/, /operations/],
    [`${create} --device liquid-handler-1 --step fly`, /labwright devices operations/, /samples/],
    ['samples show S-1', /labwright samples lists/, /plates/],
    ['samples S-1', /"S-1" is one\.\nTo see that one: labwright samples show S-1\n/, /plates/],
    ['plates P-1', /labwright plates show P-1\n/, /samples/],
    ['status x', /takes no argument/, /To see/],
  ] as const) {
    const { told } = await run(args);
    assert.match(told, hint, args);
    assert.doesNotMatch(told, not, args);
  }
});
