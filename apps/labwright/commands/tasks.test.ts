/** Tasks as two people at two terminals have them, against the services of a whole laboratory. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HistoryEntry, Task } from '@labwright/contract-hub/tasks';
import type { Workflow } from '@labwright/contract-workflows';
import { openLab as reachLab } from '../lab/open-lab.ts';
import { openLab, sayWho, type TestLab } from '../security/testing/lab.ts';
import { commandLine, placesOf } from './testing.ts';

let lab: TestLab;
let env: Record<string, string>;

before(async () => {
  lab = await openLab({ identity: sayWho });
  env = { ...placesOf(lab), LABWRIGHT_TOKEN: 'operator', NO_COLOR: '1' };
});
after(() => lab.close());

const { run, ok, asJson } = commandLine(() => env);
const scientist = { env: { LABWRIGHT_TOKEN: 'scientist' } };

const form = [
  { type: 'number', name: 'volume', label: 'Volume', unit: 'uL', minimum: 0, maximum: 200 },
  { type: 'yes_no', name: 'sealed', label: 'Are both sides sealed' },
  { type: 'choice', name: 'colour', label: 'Colour', options: ['clear', 'cloudy'], optional: true },
  { type: 'date', name: 'opened', label: 'Opened on', optional: true },
  { type: 'text', name: 'code', label: 'Code', optional: true },
];

const make = async (more: Record<string, unknown> = {}): Promise<Task> => {
  const body = { title: 'Check the seals', fields: form, ...more };
  return reachLab({}, env).hub.send<Task>('POST', '/tasks', { body });
};

test('tasks: what is to be done, the earliest due first, and by filters', async () => {
  const later = await make({ title: 'Later', due_at: '2099-01-02T00:00:00Z', device_id: 'sealer-1' });
  const overdue = await make({ title: 'Overdue', due_at: '2020-01-01T00:00:00Z', device_id: 'sealer-1' });
  const done = await make({ title: 'Done', fields: [], device_id: 'sealer-1' });
  await ok(`tasks complete ${done.id}`);
  const ids = async (args: string) => (await asJson<Task[]>(`tasks ${args}`)).map(({ id }) => id);
  assert.deepEqual(await ids('--device sealer-1'), [overdue.id, later.id]);
  assert.deepEqual(await ids('--device sealer-1 --due-before 2030-01-01T00:00:00Z'), [overdue.id]);
  assert.deepEqual(await ids('--device sealer-1 --status completed'), [done.id]);
  assert.deepEqual(await ids('--device sealer-1 --mine'), []);
  const text = await ok('tasks --device sealer-1');
  assert.match(text, /^id +status +due +for +in hand of +title\n/);
  assert.match(
    text,
    new RegExp(`${overdue.id} +open +\\d+ d ago +– +– +Overdue\n${later.id} +open +in \\d+ d`),
  );
  const first = await run('tasks --device sealer-1 -n 1');
  assert.match(first.told, /There are more: -n 5, or --all/);
  assert.equal((await run('tasks --device nobody-1')).told, 'Nothing is to be done.\n');
  assert.equal((await run('tasks --status done')).code, 2);
});

test('tasks show: what is to be done and the form, without what would command a terminal', async () => {
  const { id } = await make({
    instructions: 'First:\n- look \u001b[2J\n- tell',
    assignee: { role: 'operator' },
  });
  const text = await ok(`tasks show ${id}`);
  for (const part of [
    /^status +open$/m,
    /^version +1$/m,
    /^for +every operator$/m,
    /^First:\n- look \ufffd\[2J\n- tell$/m,
    /^volume\* +number, 0 to 200 uL +Volume$/m,
    /^sealed\* +yes or no/m,
    /^colour +clear \| cloudy/m,
    /^opened +a day, YYYY-MM-DD/m,
  ])
    assert.match(text, part);
  const none = await run('tasks show 00000000-0000-4000-8000-000000000000');
  assert.equal(none.code, 6);
  assert.match(none.told, /labwright tasks lists the open tasks/);
});

test('tasks show names the workflow', async () => {
  const { workflows } = reachLab({}, env);
  const body = { name: 'With a hand', device_id: 'plate-reader-1', steps: ['plate_read'] };
  const { id } = await workflows.send<Workflow>('POST', '/workflows', { body });
  const of = async (workflow_id: string) => ok(`tasks show ${(await make({ workflow_id })).id}`);
  assert.match(await of(id), new RegExp(`^workflow +“With a hand” \\(${id}\\)$`, 'm'));
  assert.match(await of('of-a-program'), /^workflow +of-a-program$/m);
});

test('tasks take, release, complete: values have the types of their fields', async () => {
  const { id } = await make();
  const taken = await run(`tasks take ${id}`);
  assert.match(taken.said, /^"Check the seals" is in hand of the operator now, version 2\.$/m);
  assert.match(taken.told, new RegExp(`labwright tasks complete ${id} --set volume=… --set sealed=…`));
  assert.match(await ok(`tasks release ${id} --reason 'my shift is over'`), /is open now, version 3/);
  const done = JSON.parse(
    await ok(
      `tasks complete ${id} -s volume=12.5 -s sealed=Yes -s colour=clear -s opened=2026-03-31 -s 'code=007 = x' --comment fine --json`,
    ),
  ) as Task;
  assert.deepEqual(done.values, {
    volume: 12.5,
    sealed: true,
    colour: 'clear',
    opened: '2026-03-31',
    code: '007 = x',
  });
  const text = await ok(`tasks show ${id}`);
  assert.match(text, /^status +completed by the operator, \d+ s ago$/m);
  assert.match(text, /^sealed\* +yes or no +yes /m);
  const history = await asJson<HistoryEntry[]>(`tasks history ${id}`);
  assert.deepEqual(
    history.map(({ kind }) => kind),
    ['created', 'claimed', 'released', 'claimed', 'completed'],
  );
  assert.match(await ok(`tasks history ${id}`), /released +the operator +3 +my shift is over/);
});

test('tasks complete: every value that will not do is named as it was typed, and nothing is stored', async () => {
  const { id } = await make();
  const { code, told } = await run(`tasks complete ${id} --set volume=300 --set sealed=perhaps --set size=1`);
  assert.equal(code, 1);
  assert.match(told, /volume must be at most 200 uL; sealed must be [^;]*; size is no field of this form/);
  assert.doesNotMatch(told, /body\./);
  assert.match(told, /labwright tasks show TASK lists the fields/);
  assert.equal((await asJson<Task>(`tasks show ${id}`)).status, 'open');
  for (const args of ['--set volume', '--set =3', '--set volume=1 --set volume=2', '--version x'])
    assert.equal((await run(`tasks complete ${id} ${args}`)).code, 2, args);
});

test('somebody was quicker: 7, nothing is changed, and how the task stands now', async () => {
  const { id, version } = await make();
  await ok(`tasks take ${id}`, scientist);
  const late = await run(`tasks take ${id}`);
  assert.equal(late.code, 7);
  assert.match(
    late.told,
    /How it stands now:\n {2}status +in hand of the scientist, \d+ s ago\n {2}version +2\nAll of it: labwright tasks show [0-9a-f-]+\n/,
  );
  // What was seen is not what is there any more: the form is not handed in, however right it is.
  const old = await run(
    `tasks complete ${id} --set volume=1 --set sealed=no --version ${version}`,
    scientist,
  );
  assert.equal(old.code, 7);
  assert.match(old.told, /has version 2 by now, not 1[\s\S]*in hand of the scientist/);
  assert.equal((await asJson<Task>(`tasks show ${id}`)).status, 'in_progress');
  assert.match(await ok(`tasks complete ${id} --set volume=1 --set sealed=no`, scientist), /completed now/);
  const after = await run(`tasks cancel ${id} --reason 'not needed'`);
  assert.equal(after.code, 7);
  assert.match(after.told, /status +completed by the scientist[^\n]*\n {2}values +volume 1, sealed no\n/);
});

test('tasks cancel and reopen want a reason; comments stand in the history', async () => {
  const { id } = await make({ fields: [] });
  const silent = await run(`tasks cancel ${id}`);
  assert.equal(silent.code, 2);
  assert.match(silent.told, /--reason TEXT/);
  await ok(`tasks cancel ${id} --reason 'the plate is gone'`);
  assert.match(await ok(`tasks show ${id}`), /^status +cancelled, \d+ s ago: the plate is gone$/m);
  await ok(`tasks reopen ${id} --reason 'it was found'`);
  await ok(`tasks comment ${id} in the 'left fridge'`);
  assert.match(await ok(`tasks history ${id}`), /commented +the operator +3 +in the left fridge/);
  assert.equal((await run(`tasks take ${id}`, { env: { LABWRIGHT_TOKEN: 'viewer' } })).code, 5);
});

test('Tab knows the tasks, and the fields of the form of the one that is named', async () => {
  const { id } = await make({ title: 'Offered' });
  assert.match(await ok("complete -- tasks show ''"), new RegExp(`^${id}\topen, Offered$`, 'm'));
  assert.equal(await ok(`complete -- tasks complete ${id} --set vol`), 'volume=\tVolume\n');
  assert.equal(await ok(`complete -- tasks complete ${id} --set=vol`), '--set=volume=\tVolume\n');
});
