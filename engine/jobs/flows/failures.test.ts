import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  cancelFlow,
  cancelJob,
  chain,
  chord,
  defineTask,
  dropFlow,
  dropJob,
  findFlow,
  findJob,
  group,
  handle,
  pauseQueue,
  requeueJob,
  resultOfFlow,
  step,
} from '../index.ts';
import {
  claimFor,
  database,
  ended,
  fail,
  freshQueue,
  give,
  hold,
  jobOf,
  joinNobody,
  keep,
  openFlows,
  running,
  settle,
  start,
  stepsOf,
} from './testing/open-flows.ts';

openFlows();

test('a chain that fails stops; a group that fails cancels what has not begun; the aggregate never runs', async () => {
  const { db } = database;
  const queue = freshQueue();
  const one = step(give, { value: 1 }, { queue });
  const later = step(give, { value: 1 }, { queue, runAt: new Date(Date.now() + 600_000) });
  const keyed = step(give, { value: 1 }, { queue, key: 'k' });
  const id = await start(chord([chain([one, one]), later, keyed, keyed, one, one], one));
  const [runs, fails] = [await jobOf(id, 8), await jobOf(id, 9)];
  // The upkeep, and nobody who takes these jobs.
  await running(freshQueue());
  await eventually(
    'its key is free',
    async () => (await findJob(db, await jobOf(id, 6)))?.state === 'ready' || undefined,
  );
  const nobody = await db.first(joinNobody);
  await db.query(claimFor, [runs, nobody?.id]);
  await db.query(settle, [[fails], 'failed', null]);
  assert.partialDeepStrictEqual(await findFlow(db, id), {
    state: 'failed',
    result: null,
    error: { name: 'FlowFailed', causes: [{ state: 'failed', task: 'give', job: fails }] },
    steps: 8,
    failed: 1,
    blocked: 2,
    cancelled: 3,
    open: 2,
  });
  const first = await jobOf(id, 3);
  assert.partialDeepStrictEqual(await findJob(db, first), {
    state: 'cancelled',
    error: { name: 'FlowEnded' },
  });
  // What holds a key is the upkeep's; what runs goes on, and nothing follows from it.
  await eventually('the key is given up', async () => (await findFlow(db, id))?.open === 1 || undefined);
  assert.partialDeepStrictEqual(await findJob(db, runs), { state: 'running', cancel_asked: false });
  await db.query(settle, [[runs], 'succeeded', '1']);
  assert.partialDeepStrictEqual(await findFlow(db, id), {
    state: 'failed',
    succeeded: 1,
    cancelled: 4,
    open: 0,
    blocked: 2,
  });

  const stopped = await start(chain([one, one, one]));
  await db.query(settle, [[await jobOf(stopped, 1)], 'cancelled', null]);
  assert.partialDeepStrictEqual(await findFlow(db, stopped), {
    state: 'failed',
    failed: 1,
    blocked: 2,
    error: { message: 'give: it was cancelled' },
  });
});

test('failures that are collected: the aggregate gets what each came to', async () => {
  const queue = freshQueue();
  await running(queue);
  const value = (n: number) => step(give, { value: n }, { queue });
  const failing = step(fail, {}, { queue });
  const id = await start(
    chord(
      [
        value(1),
        failing,
        chain([value(2), failing, value(3)]),
        group([value(4), failing]),
        chain([value(5), value(6)]),
      ],
      step(keep, {}, { queue, resultAs: 'what' }),
      { onFailure: 'collect' },
    ),
  );
  const error = { name: 'NoRetry', message: 'it was meant to fail', task: 'fail', state: 'failed' };
  assert.partialDeepStrictEqual((await ended(id)).result, [
    { ok: 1 },
    { error },
    { error },
    { error },
    { ok: 6 },
  ]);
});

test('cancelled: what waits at once, what runs is told; nothing follows', async () => {
  const queue = freshQueue();
  let told = 0;
  await running(
    queue,
    [
      handle(
        hold,
        (_args, { signal }) =>
          new Promise((_resolve, reject) =>
            signal.addEventListener('abort', () => {
              told += 1;
              reject(signal.reason);
            }),
          ),
      ),
    ],
    2,
  );
  const holding = step(hold, {}, { queue });
  const id = await start(
    chord([holding, holding, holding, holding], step(keep, {}, { queue, resultAs: 'what' })),
  );
  const states = async () =>
    (await Promise.all((await stepsOf(id)).map(({ job }) => job && findJob(database.db, job)))).map((job) =>
      job ? job.state : null,
    );
  await eventually(
    'two run',
    async () => (await states()).filter((state) => state === 'running').length === 2 || undefined,
  );
  assert.equal(await dropJob(database.db, await jobOf(id, 2)), false);
  assert.equal(await cancelFlow(database.db, id), 'cancelled');
  await eventually(
    'all have ended',
    async () => (await states()).every((state) => state === 'cancelled' || state === null) || undefined,
    20_000,
  );
  assert.equal(told, 2);
  assert.partialDeepStrictEqual(await findFlow(database.db, id), {
    state: 'cancelled',
    open: 0,
    blocked: 1,
    result: null,
    error: null,
  });
  assert.equal(await cancelFlow(database.db, id), 'cancelled');
  assert.equal(await cancelFlow(database.db, '999999999'), undefined);
  await assert.rejects(resultOfFlow(database.db, id), /is cancelled/);
  // Tried anew by hand, a job of a cancelled flow is a job, and nothing more.
  const alone = await jobOf(id, 2);
  await pauseQueue(database.db, queue);
  await requeueJob(database.db, alone);
  assert.equal((await findFlow(database.db, id))?.state, 'cancelled');
  assert.equal(await cancelJob(database.db, alone), 'cancelled');
  assert.equal(await dropFlow(database.db, id), true);
  assert.equal(await findFlow(database.db, id), undefined);
  assert.equal(await findJob(database.db, alone), undefined);
});

test('a dead step that is requeued: the flow goes on, with what had been cancelled', async () => {
  const queue = freshQueue();
  let broken = true;
  const fragile = defineTask({ name: 'fragile', args: Type.Object({}), maxAttempts: 2, retryDelayMs: 1 });
  const handler = handle(fragile, async () => {
    if (broken) throw new Error('it is broken');
    return 'mended';
  });
  await running(queue, [handler], 1);
  const value = step(give, { value: 1 }, { queue, priority: 9 });
  const weak = step(fragile, {}, { queue });
  const id = await start(
    chain([
      chord([weak, weak, chain([value, value]), value], step(keep, {}, { queue, resultAs: 'what' })),
      step(keep, {}, { queue, resultAs: 'what' }),
    ]),
  );
  assert.partialDeepStrictEqual(await ended(id), { state: 'failed' });
  const dead = async () => (await stepsOf(id)).filter(({ state }) => state === 'failed');
  assert.equal(await dropFlow(database.db, '999999999'), false);
  broken = false;
  for (const { job } of await dead()) if (job) await requeueJob(database.db, job);
  const flow = await ended(id);
  assert.partialDeepStrictEqual(flow, {
    state: 'succeeded',
    error: null,
    result: ['mended', 'mended', 1, 1],
  });
});

test('a flow is failed as long as a step that makes it so is', async () => {
  const { db } = database;
  const queue = freshQueue();
  const one = step(give, { value: 1 }, { queue });
  const id = await start(chord([one, one, one, chain([one, one])], one));
  const [first = '', second = '', third = ''] = [await jobOf(id, 2), await jobOf(id, 3), await jobOf(id, 4)];
  const ofChain = await jobOf(id, 6);
  const nobody = await db.first(joinNobody);
  await db.query(claimFor, [ofChain, nobody?.id]);
  // Two die in one statement; what runs goes on, and what follows from it is held.
  await db.query(settle, [[first, second], 'dead', null]);
  const twice = { state: 'failed', failed: 2, cancelled: 1, open: 1, error: { causes: [{}, {}] } };
  assert.partialDeepStrictEqual(await findFlow(db, id), twice);
  await db.query(settle, [[ofChain], 'succeeded', '1']);
  assert.partialDeepStrictEqual(await findFlow(db, id), {
    state: 'failed',
    open: 0,
    succeeded: 1,
    blocked: 2,
  });
  assert.equal(await requeueJob(db, second), 'ready');
  assert.partialDeepStrictEqual(await findFlow(db, id), { state: 'failed', failed: 1, open: 1 });
  await db.query(settle, [[second], 'succeeded', '2']);
  assert.partialDeepStrictEqual(await findFlow(db, id), { state: 'failed', failed: 1, succeeded: 2 });
  assert.equal(await requeueJob(db, first), 'ready');
  const goesOn = {
    state: 'running',
    failed: 0,
    open: 3,
    succeeded: 2,
    cancelled: 0,
    blocked: 1,
    error: null,
  };
  assert.partialDeepStrictEqual(await findFlow(db, id), goesOn);
  const again = await jobOf(id, 4);
  assert.notEqual(again, third, 'what was cancelled is a new job');
  // The one that it replaces would do its step a second time.
  await requeueJob(db, third);
  assert.partialDeepStrictEqual(await findJob(db, third), {
    state: 'cancelled',
    error: { message: 'another job has taken its place in the flow' },
  });
  await db.query(settle, [[first, again, await jobOf(id, 7)], 'succeeded', '3']);
  assert.partialDeepStrictEqual(await findFlow(db, id), {
    state: 'running',
    open: 1,
    succeeded: 5,
    blocked: 0,
  });
  await db.query(settle, [[await jobOf(id, 8)], 'succeeded', '4']);
  assert.partialDeepStrictEqual(await findFlow(db, id), { state: 'succeeded', result: 4 });
});

test('what a group has passed on is not taken back by a step that is tried anew', async () => {
  const { db } = database;
  const queue = freshQueue();
  const one = step(give, { value: 1 }, { queue });
  const id = await start(chord([one, one], one, { onFailure: 'collect' }));
  const [first, second] = [await jobOf(id, 2), await jobOf(id, 3)];
  await db.query(settle, [[first], 'dead', null]);
  assert.partialDeepStrictEqual(await findFlow(db, id), { state: 'running', failed: 1, open: 1 });
  // While the group still runs, it counts anew.
  await requeueJob(db, first);
  assert.partialDeepStrictEqual(await findFlow(db, id), { failed: 0, open: 2 });
  await db.query(settle, [[first, second], 'dead', null]);
  assert.partialDeepStrictEqual(await findFlow(db, id), { state: 'running', failed: 2, open: 1 });
  await requeueJob(db, first);
  await db.query(settle, [[first], 'succeeded', '5']);
  await db.query(settle, [[await jobOf(id, 4)], 'succeeded', '6']);
  assert.partialDeepStrictEqual(await findFlow(db, id), { state: 'succeeded', failed: 2, result: 6 });
});
