/**
 * A laboratory at work is backed up, and goes on from its backup in an empty folder, and in databases elsewhere: nothing is lost, nothing
 * runs twice, and its audit trail holds.
 */
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '@labwright/kernel/testing';
import pg from 'pg';
import { readConnection } from '../embedded-postgres/index.ts';
import { emptyDatabases } from './testing/databases.ts';
import {
  download,
  endPostgres,
  type Json,
  labwright,
  type RunningLab,
  startLab,
  uploadFile,
} from './testing/lab.ts';

let folder: string;
let archive: string;
let lab: RunningLab;
const running: RunningLab[] = [];
const made: string[] = [];
const files = new Map<string, string>();
let heads: string[] = [];
/** How far a reader of the feed had come after the backup was made. */
let cursor: string;

const home = (name: string) => join(folder, name);

async function start(name: string, more: Record<string, string> = {}): Promise<RunningLab> {
  const started = await startLab(home(name), more);
  running.push(started);
  return started;
}

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-backup-'));
  archive = join(folder, 'lab.backup');
  lab = await start('first');
});

after(async () => {
  for (const each of running) await each.stop();
  for (const name of ['first', 'second', 'third']) endPostgres(home(name));
  await rm(folder, { recursive: true, force: true });
});

const workflow = async (from: RunningLab, id: string) =>
  (await from.ask('workflow', 'GET', `/workflows/${id}`)) as Json & { status: string; steps: Json[] };

/** Nobody may write more than five a second: then it is not written, and sent again. */
function ifTooFast(error: Error): undefined {
  if (!error.message.includes('too_fast')) throw error;
}

/** Workflows that carry out their steps by themselves, several a device, one of them with a step for a person. */
async function giveWork(): Promise<void> {
  const devices: [string, string][] = [
    ['liquid-handler-1', 'pipette_transfer'],
    ['liquid-handler-2', 'mix'],
    ['incubator-1', 'shake'],
    ['plate-reader-1', 'plate_read'],
  ];
  for (const [device_id, operation] of devices) {
    for (let number = 1; number <= 3; number += 1) {
      const person = number === 2 && device_id === 'incubator-1';
      const created = await lab.ask('workflow', 'POST', '/workflows', {
        name: `${device_id} ${number}`,
        device_id,
        steps: [operation, ...(person ? [{ operator_task: { title: 'Seal the plate' } }] : []), operation],
      });
      made.push(String(created.id));
      await lab.ask('workflow', 'POST', `/workflows/${created.id}/start`, { queue: true, auto: true });
    }
  }
}

test('a laboratory at work is backed up, and goes on working', async () => {
  for (let number = 0; number < 3; number += 1) {
    const content = randomBytes(300_000 * (number + 1));
    const id = await uploadFile(lab, content);
    files.set(id, createHash('sha256').update(content).digest('hex'));
  }
  await eventually('the files were checked', async () => {
    const { files: found } = await lab.ask('hub', 'GET', '/files?limit=10');
    return (found as Json[]).every(({ status }) => status === 'ready') || undefined;
  });
  await giveWork();
  let talking = true;
  const talk = (async () => {
    for (let number = 1; talking; number += 1)
      await eventually('the room takes one more message', () =>
        lab.ask('hub', 'POST', '/chat/rooms/lab/messages', { text: `message ${number}` }).catch(ifTooFast),
      );
  })();
  await eventually('some work is done, and some is under way', async () => {
    const all = await Promise.all(made.map((id) => workflow(lab, id)));
    const steps = all.flatMap((each) => each.steps);
    return (
      (steps.filter(({ status }) => status === 'succeeded').length > 3 &&
        steps.some(({ status }) => status === 'running')) ||
      undefined
    );
  });
  const head = labwright(lab.env, 'audit', 'head');
  assert.equal(await head.ended, 0, head.output());
  heads = [...head.output().matchAll(/^\d+:\S+/gm)].map(([text]) => text);
  assert.equal(heads.length, 3);
  const backup = labwright(lab.env, 'backup', archive);
  assert.equal(await backup.ended, 0, backup.output());
  talking = false;
  await talk;
  const verify = labwright(lab.env, 'backup', 'verify', archive);
  assert.equal(await verify.ended, 0, verify.output());
  assert.match(verify.output(), /3 files/);
  await eventually('the device of each workflow has told something since', async () => {
    for (let from: string | undefined; ; ) {
      const page = await lab.ask('device', 'GET', `/events${from ? `?cursor=${from}` : ''}`);
      cursor = String(page.next_cursor);
      if (from === cursor || (page.events as Json[]).length === 0) return true;
      from = cursor;
    }
  });
  await lab.stop();
});

/** Everything that a laboratory from this backup has to show, once its workflows are at their end. */
async function goesOn(restored: RunningLab, databases: { device: string; workflow: string }): Promise<void> {
  let open: unknown[] = [];
  await eventually(
    'all workflows are at their end',
    async () => {
      const { tasks } = (await restored.ask('hub', 'GET', '/tasks?status=open')) as { tasks: Json[] };
      for (const { id } of tasks) await restored.ask('hub', 'POST', `/tasks/${id}/complete`, { values: {} });
      const all = await Promise.all(made.map((id) => workflow(restored, id)));
      for (const { id, status, steps } of all) {
        // Asked for and not begun when the device was paused: for a person to say.
        const notBegun = steps.some(({ error }) => (error as Json | null)?.code === 'not_started');
        if (status === 'failed' && notBegun)
          await restored.ask('workflow', 'POST', `/workflows/${id}/execute-step`);
        else assert.notEqual(status, 'failed', JSON.stringify(steps));
      }
      open = all.filter(({ status }) => status !== 'completed');
      return open.length === 0 || undefined;
    },
    75_000,
  ).catch((error) => {
    throw new Error(`${error.message}: ${JSON.stringify(open)}`);
  });

  const device = new pg.Client({ connectionString: databases.device });
  const workflows = new pg.Client({ connectionString: databases.workflow });
  await Promise.all([device.connect(), workflows.connect()]);
  try {
    const { rows: steps } = await workflows.query(
      `SELECT workflow_id, count(*)::int AS steps FROM workflow_steps
       WHERE workflow_id = ANY ($1) AND operator_task IS NULL AND status = 'succeeded' GROUP BY 1 ORDER BY 1`,
      [made],
    );
    const { rows: done } = await device.query(
      `SELECT workflow_id, count(*)::int AS steps FROM execution_logs
       WHERE workflow_id = ANY ($1) AND status = 'succeeded' GROUP BY 1 ORDER BY 1`,
      [made],
    );
    assert.deepEqual(done, steps, 'each step moved its device once');
    assert.equal(steps.length, made.length);
    const { rows: twice } = await device.query(
      'SELECT execution_id FROM execution_logs WHERE execution_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1',
    );
    assert.deepEqual(twice, []);
    const { rows: held } = await device.query(
      `SELECT workflow_id FROM device_bookings WHERE status = 'active' AND workflow_id = ANY ($1)`,
      [made],
    );
    assert.deepEqual(held, [], 'no device is kept by a workflow that is over');
  } finally {
    await Promise.all([device.end(), workflows.end()]);
  }

  for (const [id, sha256] of files)
    assert.equal(
      createHash('sha256')
        .update(await download(restored, id))
        .digest('hex'),
      sha256,
    );

  const said: string[] = [];
  for (let after = 0; ; ) {
    const page = (await restored.ask('hub', 'GET', `/chat/rooms/lab/changes?after=${after}`)) as {
      messages: { text: string; change: number }[];
      more: boolean;
    };
    said.push(...page.messages.map(({ text }) => text));
    after = page.messages.at(-1)?.change ?? after;
    if (!page.more) break;
  }
  assert.ok(said.length > 0);
  assert.deepEqual(
    said,
    said.map((_, index) => `message ${index + 1}`),
    'what was said up to one moment, and nothing of later',
  );

  // A reader that had seen what the first laboratory told after the backup hears all that this one tells.
  const page = await restored.ask('device', 'GET', `/events?cursor=${cursor}`);
  assert.ok((page.events as Json[]).length > 0, 'the feed goes on');

  const verify = labwright(restored.env, 'audit', 'verify', ...heads.flatMap((head) => ['--head', head]));
  assert.equal(await verify.ended, 0, verify.output());
  assert.doesNotMatch(verify.output(), /Not compared/);
}

test('restored into an empty folder: devices that were in use wait for a person, then all goes on', async () => {
  const env = { LABWRIGHT_HOME: home('second') };
  const restore = labwright(env, 'restore', archive);
  assert.equal(await restore.ended, 0, restore.output());
  const [, list = ''] = /are paused: ([^.]+)\./.exec(restore.output()) ?? [];
  const paused = list.split(', ');
  assert.ok(paused.length > 0, restore.output());

  const again = labwright(env, 'restore', archive);
  assert.equal(await again.ended, 1);
  assert.match(again.output(), /There is something already: the databases in .*--replace/);

  const second = await start('second');
  const { devices } = (await second.ask('device', 'GET', '/devices')) as { devices: Json[] };
  assert.deepEqual(devices.flatMap((device) => (device.paused ? [device.id] : [])).sort(), paused.sort());
  for (const id of paused) await second.ask('device', 'PATCH', `/devices/${id}`, { paused: false });
  const connection = readConnection(join(home('second'), 'postgres'));
  assert.ok(connection);
  await goesOn(second, { device: connection.url('device_db'), workflow: connection.url('workflow_db') });

  const busy = labwright(second.env, 'restore', archive, '--replace', '--yes');
  assert.equal(await busy.ended, 1);
  assert.match(busy.output(), /is in use by the process/);
  await second.stop();
});

test('restored into databases elsewhere with --go-on: all goes on by itself', async () => {
  const databases = await emptyDatabases();
  try {
    const urls = {
      DEVICE_DATABASE_URL: databases.urls.device,
      WORKFLOW_DATABASE_URL: databases.urls.workflow,
      HUB_DATABASE_URL: databases.urls.hub,
    };
    const env = { LABWRIGHT_HOME: home('third'), ...urls };
    const restore = labwright(env, 'restore', archive, '--go-on');
    assert.equal(await restore.ended, 0, restore.output());
    assert.doesNotMatch(restore.output(), /paused/);

    const third = await start('third', urls);
    await goesOn(third, databases.urls);
    const busy = labwright(env, 'restore', archive, '--replace', '--yes');
    assert.equal(await busy.ended, 1);
    assert.match(busy.output(), /Somebody works with the database of device-service: .*device-service/);
    await third.stop();

    const again = labwright(env, 'restore', archive);
    assert.equal(await again.ended, 1);
    assert.match(again.output(), /There is something already: the database .*--replace/);
    const replaced = labwright(env, 'restore', archive, '--replace', '--yes');
    assert.equal(await replaced.ended, 0, replaced.output());
  } finally {
    await databases.drop();
  }
});
