import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chain, defineSchedule, findJob, putSchedules, startFlow, step } from '../index.ts';
import {
  ask,
  askAs,
  database,
  deadJobs,
  die,
  entries,
  get,
  person,
  serveJobs,
  sum,
} from './testing/server.ts';

serveJobs();

test('requeue, cancel and drop: with their entry in the audit trail, and refused where they make no sense', async () => {
  const { db } = database;
  const [id = ''] = await deadJobs(1);
  const answer = await ask('POST', `/jobs/${id}/requeue`, { reason: 'mended' });
  assert.deepEqual([answer.status, answer.body], [200, { id, state: 'ready' }]);
  const [entry] = await entries(`job:${id}`);
  assert.deepEqual(
    [entry?.action, entry?.reason, entry?.before.attempts, entry?.after],
    ['job.requeue', 'mended', 2, { state: 'ready' }],
  );
  const again = await ask('POST', `/jobs/${id}/requeue`, {});
  assert.deepEqual([again.status, again.body.code, again.body.state], [409, 'job_not_requeueable', 'ready']);
  assert.equal((await ask('POST', `/jobs/${id}/drop`)).body.code, 'job_not_droppable');
  assert.deepEqual((await ask('POST', `/jobs/${id}/cancel`)).body, { id, state: 'cancelled' });
  assert.equal((await ask('POST', `/jobs/${id}/cancel`)).body.code, 'job_has_ended');
  assert.equal((await ask('POST', `/jobs/${id}/drop`)).status, 200);
  assert.equal(await findJob(db, id), undefined);
  assert.equal((await ask('POST', `/jobs/${id}/requeue`)).body.code, 'job_not_found');
  assert.equal((await entries(`job:${id}`)).length, 3);
});

test('requeue asked for by twenty at once: it is done once; with one Idempotency-Key all hear the same', async () => {
  const [id = ''] = await deadJobs(1);
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('POST', `/jobs/${id}/requeue`)));
  assert.equal(answers.filter(({ status }) => status === 200).length, 1);
  assert.equal(answers.filter(({ body }) => body.code === 'job_not_requeueable').length, 19);
  assert.equal((await entries(`job:${id}`)).length, 1);
  const [other = ''] = await deadJobs(1);
  const headers = { 'idempotency-key': 'once' };
  const once = await ask('POST', `/jobs/${other}/requeue`, {}, headers);
  const twice = await ask('POST', `/jobs/${other}/requeue`, {}, headers);
  assert.deepEqual([once.status, twice.status, twice.body], [200, 200, once.body]);
});

test('dead letters by filter: in bounded batches, each job once though two do it at once', async () => {
  const ids = await deadJobs(90);
  const rare = await ask('POST', '/jobs/dead/requeue', { error: 'Rare', limit: 500, reason: 'known' });
  assert.deepEqual(rare.body, { done: 30, left: 0, next_cursor: null });
  const run = async () => {
    let done = 0;
    for (let cursor: string | null | undefined; cursor !== null; ) {
      const { status, body } = await ask('POST', '/jobs/dead/requeue', {
        queue: 'sums',
        limit: 7,
        ...(cursor ? { cursor } : {}),
      });
      assert.equal(status, 200, JSON.stringify(body));
      done += body.done;
      cursor = body.next_cursor;
    }
    return done;
  };
  const [one, other] = await Promise.all([run(), run()]);
  assert.equal(one + other, 60);
  assert.equal((await get('/jobs?state=ready&limit=100')).jobs.length, ids.length);
  const told = (await entries('job-queue:sums')).flatMap(({ after }) => after.jobs as string[]);
  assert.deepEqual([told.length, new Set(told).size], [60, 60]);
  await database.db.execute(die);
  assert.deepEqual((await ask('POST', '/jobs/dead/drop', { task: 'sum', limit: 50 })).body.done, 50);
  assert.equal((await get('/jobs/dead?limit=100')).jobs.length, 40);
});

test('pause and resume a queue; schedules are paused, resumed and run now', async () => {
  const { db } = database;
  assert.deepEqual((await ask('POST', '/jobs/queues/sums/pause', { reason: 'service' })).body, {
    name: 'sums',
    paused: true,
  });
  assert.equal((await get('/jobs/queues')).queues[0].paused, true);
  assert.equal((await ask('POST', '/jobs/queues/sums/resume')).body.paused, false);
  assert.deepEqual(
    (await entries('job-queue:sums')).slice(0, 2).map(({ action, before }) => [action, before.paused]),
    [
      ['job_queue.resume', true],
      ['job_queue.pause', false],
    ],
  );
  await putSchedules(db, 'test', [
    defineSchedule({ name: 'nightly/sum', task: sum, args: { n: 1 }, cron: '0 3 * * *', overlap: 'skip' }),
  ]);
  const path = `/jobs/schedules/${encodeURIComponent('nightly/sum')}`;
  const run = await ask('POST', `${path}/run`, { reason: 'now' });
  assert.deepEqual([run.status, run.body.fresh], [200, true]);
  const beside = await ask('POST', `${path}/run`);
  assert.deepEqual(beside.body, { job: run.body.job, fresh: false });
  assert.equal((await ask('POST', `${path}/pause`)).status, 200);
  const [schedule] = (await get('/jobs/schedules')).schedules;
  assert.deepEqual(
    [schedule.name, schedule.state, schedule.last_job, schedule.last_state, schedule.overdue],
    ['nightly/sum', 'paused', run.body.job, 'ready', false],
  );
  assert.equal((await ask('POST', `${path}/resume`)).status, 200);
  await db.raw(`UPDATE job_schedules SET next_at = now() - interval '2 hours'`);
  assert.equal((await get('/jobs/schedules')).schedules[0].overdue, true);
  assert.equal((await ask('POST', '/jobs/schedules/none/run')).body.code, 'job_schedule_not_found');
});

test('a flow is cancelled with all that has not ended', async () => {
  const flow = await startFlow(database.db, chain([step(sum, { n: 1 }), step(sum, { n: 2 })]));
  assert.deepEqual((await ask('POST', `/jobs/flows/${flow.id}/cancel`)).body, {
    id: flow.id,
    state: 'cancelled',
  });
  assert.equal((await get('/jobs')).jobs[0].state, 'cancelled');
  assert.equal((await ask('POST', '/jobs/flows/999/cancel')).body.code, 'job_flow_not_found');
});

test('who may: everybody looks, operators steer, admins delete many; people with accounts say why', async () => {
  const [id = ''] = await deadJobs(1);
  for (const role of ['viewer', 'scientist', 'operator', 'admin'] as const) {
    askAs(person(role));
    for (const path of ['/jobs', '/jobs/queues', '/jobs/workers', '/jobs/dead', '/locks', `/jobs/${id}`])
      assert.equal((await ask('GET', path)).status, 200, `${role} ${path}`);
    const mayNot = role === 'viewer' || role === 'scientist';
    const refused = await ask('POST', `/jobs/${id}/requeue`);
    assert.equal(refused.body.code, mayNot ? 'forbidden' : 'reason_required', role);
    const many = await ask('POST', '/jobs/dead/drop', {});
    assert.equal(many.body.code, role === 'admin' ? 'reason_required' : 'forbidden', role);
  }
  askAs({ ...person('admin'), scopes: ['devices:write'] });
  assert.equal((await ask('GET', '/jobs')).status, 403);
  askAs({ ...person('admin'), scopes: ['jobs:read'] });
  assert.equal((await ask('GET', '/jobs')).status, 200);
  assert.equal((await ask('POST', `/jobs/${id}/requeue`, { reason: 'x' })).status, 403);
});
