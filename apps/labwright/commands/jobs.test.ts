/** Jobs and locks by command, as the services of a whole laboratory tell of them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createWorker, defineTask, enqueue, handle } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { silentLog } from '@labwright/kernel/log';
import { eventually } from '@labwright/kernel/testing';
import { openLocks } from '@labwright/locks';
import { postgresLocks } from '@labwright/locks/postgres';
import Type from 'typebox';
import type { JobDetails, Many, Of, Queue, Worker } from '../jobs/types.ts';
import { openLab, type TestLab } from '../security/testing/lab.ts';
import { commandLine, placesOf } from './testing.ts';

const brew = defineTask({ name: 'brew', args: Type.Object({ cups: Type.Integer() }), queue: 'kitchen' });
const queue = 'kitchen';

let lab: TestLab;
let env: Record<string, string>;
const { run, ok, asJson } = commandLine(() => env);

before(async () => {
  lab = await openLab();
  env = placesOf(lab);
});
after(() => lab.close());

const ask = async (cups: number) => {
  const { id } = await enqueue(lab.deviceDb, brew, { cups }, { queue, maxAttempts: 1 });
  return `device:${id}`;
};

/** Jobs whose only try fails. */
async function die(count: number): Promise<string[]> {
  const ids = await Promise.all(Array.from({ length: count }, (_, cups) => ask(cups)));
  const worker = createWorker({
    db: lab.deviceDb,
    transport: postgresTransport(lab.deviceDb),
    log: silentLog,
    queues: [queue],
    handlers: [
      handle(brew, async () => {
        throw new TypeError('There is no water.');
      }),
    ],
  });
  await worker.start();
  await eventually('all have failed', async () => {
    const dead = await asJson<unknown[]>(`dead --queue ${queue}`);
    return dead.length === count ? true : undefined;
  });
  await worker.stop();
  return ids;
}

test('a queue that nobody serves, a job that waits and why, cancelled and brought back', async () => {
  const id = await ask(1);
  const queues = await asJson<Of<Queue>[]>('jobs');
  const ours = queues.find(({ name }) => name === queue);
  assert.deepEqual([ours?.service, ours?.depth.ready, ours?.workers], ['device', 1, 0]);
  assert.match(await ok('jobs'), /device +kitchen +1 /);
  assert.match(await ok(`jobs list --queue ${queue}`), new RegExp(`${id} +ready +kitchen +brew +0/1`));
  assert.match(await ok(`jobs show ${id}`), /state +ready[\s\S]*arguments +\{"cups":1\}/);
  assert.match(await ok(`jobs cancel ${id} --reason tea`), /is cancelled\./);
  const again = await run(`jobs cancel ${id}`);
  assert.equal(again.code, 7);
  assert.match(await ok(`jobs requeue ${id}`), /is ready\./);
  await ok(`jobs cancel ${id}`);
  assert.match(await ok(`jobs drop ${id}`), /is deleted\./);
  assert.equal((await run(`jobs show ${id}`)).code, 6);
});

test('whose job it is has to be said, and a queue is found by its name', async () => {
  const bare = await run('jobs show 4711');
  assert.equal(bare.code, 2);
  assert.match(bare.told, /device:4711, workflow:4711 or hub:4711/);
  assert.equal((await run('jobs --service kitchen')).code, 2);
  await ask(1);
  assert.match(await ok(`jobs pause ${queue}`), /Queue device:kitchen is paused/);
  assert.match(await ok('jobs'), /kitchen[^\n]*paused/);
  assert.match(await ok(`jobs resume device:${queue}`), /goes on/);
  const unknown = await run('jobs pause cellar');
  assert.equal(unknown.code, 2);
  assert.match(unknown.told, /No service has a queue "cellar"/);
  const [waiting] = await asJson<{ id: string }[]>(`jobs list --queue ${queue} --state ready`);
  await ok(`jobs cancel device:${waiting?.id}`);
});

test('dead letters: listed, told of, brought back and deleted, all or by filter', async () => {
  const [id = ''] = await die(3);
  assert.match(await ok(`dead --queue ${queue}`), /There is no water\. \(TypeError\)/);
  assert.match(await ok('status'), /jobs +3 dead: labwright dead/);
  const details = await asJson<JobDetails>(`jobs show ${id}`);
  assert.equal(details.failures[0]?.error.name, 'TypeError');
  assert.match(await ok(`jobs show ${id}`), /Try 1, ended [^\n]*There is no water\. \(TypeError\)\n +at /);
  const which = await run('dead requeue');
  assert.equal(which.code, 2);
  assert.match(which.told, /--queue, --task, --key, --error, or --all/);
  assert.match(await ok('dead requeue --error RangeError'), /^0 jobs brought back/);
  assert.equal((await asJson<Many>(`dead requeue --error TypeError --queue ${queue}`)).done, 3);
  await run('dead');
  const back = await asJson<{ id: string }[]>(`jobs list --queue ${queue} --state ready`);
  assert.equal(back.length, 3);
  for (const job of back) await ok(`jobs cancel device:${job.id}`);
  await die(2);
  assert.match(await ok('dead drop --all'), /^2 jobs deleted\.$/m);
  assert.match((await run('dead')).told, /No job is dead/);
});

test('workers with their queues, schedules, and locks with their holders', async () => {
  const workers = await asJson<Of<Worker>[]>('jobs workers --service device');
  assert.ok(workers.some(({ queues }) => queues.includes('device.incubator')));
  assert.match(await ok('jobs workers'), /service +worker +connected/);
  assert.ok(Array.isArray(await asJson('jobs schedules')));
  assert.equal((await run('jobs schedules run device:none')).code, 6);
  const locks = openLocks(postgresLocks(lab.deviceDb));
  const lease = await locks.acquire('the-key', { ttlMs: 60_000 });
  assert.match(await ok('lock list'), new RegExp(`device +the-key +\\S+ +${lease?.token} +until `));
  await lease?.release();
});
