import assert from 'node:assert/strict';
import { test } from 'node:test';
import { checkStatements } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  chain,
  chord,
  defineTask,
  type Flow,
  findFlow,
  findJob,
  flowSteps,
  group,
  handle,
  InvalidArgs,
  NoFlowResult,
  resultOfFlow,
  resultsBefore,
  startFlow,
  step,
} from '../index.ts';
import {
  add,
  database,
  ended,
  fail,
  freshQueue,
  give,
  jobOf,
  keep,
  openFlows,
  running,
  start,
  sum,
} from './testing/open-flows.ts';

openFlows();

test('every statement can be prepared and answers the columns of its row type', async () => {
  const { checked, faults } = await checkStatements(database.url);
  assert.deepEqual(faults, []);
  assert.ok(checked > 20, String(checked));
});

test('a chain: one after the other, each with the result of the one before; there if its transaction commits', async () => {
  const queue = freshQueue();
  await running(queue);
  const flow = chain([
    step(give, { value: 1 }, { queue }),
    step(add, { n: 10 }, { queue, resultAs: 'to' }),
    step(add, { n: 100 }, { queue, resultAs: 'to', key: 'a key', priority: 5, maxAttempts: 7 }),
  ]);
  let undone = '';
  await assert.rejects(
    database.db.transaction(async (tx) => {
      undone = (await startFlow(tx, flow)).id;
      throw new Error('no');
    }),
  );
  assert.equal(await findFlow(database.db, undone), undefined);
  const { id } = await database.db.transaction((tx) => startFlow(tx, flow, { name: 'three' }));
  assert.partialDeepStrictEqual(await ended(id), {
    state: 'succeeded',
    name: 'three',
    result: 111,
    error: null,
    steps: 3,
    succeeded: 3,
  });
  assert.equal(await resultOfFlow(database.db, id), 111);
  const last = await findJob(database.db, await jobOf(id, 3));
  assert.partialDeepStrictEqual(last, {
    flow: id,
    key: 'a key',
    priority: 5,
    max_attempts: 7,
    args: { n: 100, to: 11 },
  });
});

test('a group answers in the order of its children; chains in groups in chains', async () => {
  const queue = freshQueue();
  await running(queue);
  const value = (n: unknown) => step(give, { value: n }, { queue });
  const inner = group([
    value(1),
    chain([value(2), step(add, { n: 5 }, { queue, resultAs: 'to' })]),
    group([value('a'), chain([value('b'), value('c')])]),
    value(null),
  ]);
  const id = await start(chain([value(0), inner, step(keep, {}, { queue, resultAs: 'what' })]));
  assert.deepEqual((await ended(id)).result, [1, 7, ['a', 'c'], null]);
  // Each child of a group gets what came before the group.
  const fan = await start(
    chain([value(3), group([1, 2].map((n) => step(add, { n }, { queue, resultAs: 'to' })))]),
  );
  assert.deepEqual((await ended(fan)).result, [4, 5]);
});

test('a chord of 1,000 on two workers: one aggregation, with every result in its place', async () => {
  const queue = freshQueue();
  let aggregations = 0;
  const count = handle(sum, async ({ numbers }) => {
    aggregations += 1;
    return numbers;
  });
  const numbers = Array.from({ length: 1_000 }, (_, n) => n);
  const header = numbers.map((n) =>
    step(give, { value: n }, { queue, ...(n % 3 ? {} : { key: `key ${n % 5}` }) }),
  );
  await running(queue, [count], 50);
  await running(queue, [count], 50);
  const id = await start(chord(header, step(sum, {}, { queue, resultAs: 'numbers' })));
  const flow = await ended(id);
  assert.deepEqual(flow.result, numbers);
  assert.equal(aggregations, 1);
  assert.partialDeepStrictEqual(flow, { steps: 1_001, succeeded: 1_001, open: 0 });
  const page = await flowSteps(database.db, id, { limit: 3, after: 500 });
  assert.deepEqual(
    page.map(({ node, result }) => [node, result]),
    [
      [501, 499],
      [502, 500],
      [503, 501],
    ],
  );
});

test('an aggregate reads the results in pages', async () => {
  const queue = freshQueue();
  const count = defineTask({ name: 'count', args: Type.Object({}) });
  await running(queue, [
    handle(count, async (_args, context) => {
      const seen: unknown[] = [];
      for await (const outcome of resultsBefore(database.db, context, { pageSize: 7 })) seen.push(outcome);
      return seen;
    }),
  ]);
  const value = (n: number) => step(give, { value: n }, { queue });
  const header = Array.from({ length: 20 }, (_, n) =>
    n === 4 ? step(fail, {}, { queue }) : n % 2 ? value(n) : chain([value(0), value(n)]),
  );
  const flow = await ended(await start(chord(header, step(count, {}, { queue }), { onFailure: 'collect' })));
  const outcomes = flow.result as { ok?: number; error?: { message: string } }[];
  assert.deepEqual(
    outcomes.map(({ ok, error }) => ok ?? error?.message),
    Array.from({ length: 20 }, (_, n) => (n === 4 ? 'it was meant to fail' : n)),
  );
  const one = await ended(await start(chain([value(1), step(count, {}, { queue })])));
  assert.deepEqual(one.result, [{ ok: 1 }]);
});

test('a result that is too large is not passed on, and said; that of a flow is read in pages', async () => {
  const queue = freshQueue();
  await running(queue);
  const large = Array.from({ length: 3 }, () => step(give, { value: 'x'.repeat(400_000) }, { queue }));
  const flow = await ended(await start(chord(large, step(keep, {}, { queue, resultAs: 'what' }))));
  assert.partialDeepStrictEqual(flow, {
    state: 'failed',
    succeeded: 3,
    failed: 1,
    error: { causes: [{ name: 'ResultTooLarge', task: 'keep', job: null }] },
  });
  assert.match(flow.error?.message ?? '', /has 1200006 bytes.*resultsBefore/);
  const whole = await start(group(large));
  assert.partialDeepStrictEqual(await ended(whole), { state: 'succeeded', in_pages: true, result: null });
  await assert.rejects(resultOfFlow(database.db, whole), /read it with flowSteps/);
});

test('what is passed on and does not fit fails the flow, with what is wrong', async () => {
  const queue = freshQueue();
  await running(queue);
  const id = await start(
    chain([step(give, { value: 'no number' }, { queue }), step(add, { n: 1 }, { queue, resultAs: 'to' })]),
  );
  const { state, error } = await ended(id);
  assert.equal(state, 'failed');
  assert.match(
    error?.message ?? '',
    /What was passed on in flow \d+ does not fit: .*args\.to must be number/,
  );
  await assert.rejects(
    resultOfFlow(database.db, id),
    (thrown) => thrown instanceof NoFlowResult && thrown.causes[0]?.task === 'add',
  );
});

test('what cannot be a flow is refused', async () => {
  const { db } = database;
  assert.throws(
    () => step(add, { n: 1, to: 'x' } as unknown as { n: number; to: number }),
    /args\.to must be number/,
  );
  assert.throws(() => step(add, {} as { n: number }, { resultAs: 'to' }), /n/);
  assert.throws(() => step(fail, {}, { resultAs: 'x' as never }), /takes no argument "x"/);
  assert.throws(() => step(fail, {}, { queue: '' }), InvalidArgs);
  assert.throws(() => group([]), /at least one step/);
  await assert.rejects(startFlow(db, step(add, { n: 1 }, { resultAs: 'to' })), /Nothing comes before/);
  const many = Array.from({ length: 10_001 }, () => step(fail, {}));
  await assert.rejects(startFlow(db, group(many)), /at most 10000 steps/);
  let deep: Flow = step(fail, {});
  for (let depth = 0; depth < 17; depth += 1) deep = chain([deep]);
  await assert.rejects(startFlow(db, deep), /at most 16 deep/);
});
