/** A job knows who caused it: what it does is done for that person, through however many jobs. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { contextFromHeaders, currentContext, runInContext } from '@labwright/kernel/context';
import { currentPrincipal, localPrincipal } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  chain,
  createWorker,
  defineTask,
  enqueue,
  findFlow,
  findJob,
  handle,
  jobsMigrations,
  startFlow,
  step,
  type Worker,
} from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

const look = defineTask({ name: 'look', queue: 'carried', args: Type.Object({}) });
const passOn = defineTask({ name: 'pass_on', queue: 'carried', args: Type.Object({}) });

const seen = () => ({
  principal: currentPrincipal(),
  request_id: currentContext()?.request_id,
  trace_id: currentContext()?.trace_id,
});

const request = {
  ...contextFromHeaders({}),
  principal: { ...localPrincipal, id: 'ann', name: 'Ann 😀 "A"' },
};
const stranger = { ...contextFromHeaders({}), principal: { ...localPrincipal, id: 'bob' } };

let database: TestDatabase;
let worker: Worker;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  const { db } = database;
  worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['carried'],
    handlers: [
      handle(look, async () => seen()),
      handle(passOn, async () => (await enqueue(db, look, {})).id),
    ],
  });
  // Whoever starts the worker is nobody's principal.
  await runInContext(stranger, () => worker.start());
});
after(async () => {
  await worker.stop();
  await database.drop();
});

const resultOf = (id: string) =>
  eventually(`job ${id} has ended`, async () => {
    const job = await findJob(database.db, id);
    return job?.state === 'succeeded' ? job.result : undefined;
  });
const expected = {
  principal: request.principal,
  request_id: request.request_id,
  trace_id: request.trace_id,
};

test('a job, one with a key, and one that another job asked for: all for the person who caused them', async () => {
  const { db } = database;
  const made = await runInContext(request, async () => [
    await enqueue(db, look, {}),
    await enqueue(db, look, {}, { key: 'k' }),
    await enqueue(db, look, {}, { key: 'k' }),
    await enqueue(db, look, {}, { uniqueKey: 'u' }),
  ]);
  for (const { id } of made) assert.deepEqual(await resultOf(id), expected);
  const passed = await runInContext(request, () => enqueue(db, passOn, {}));
  assert.deepEqual(await resultOf(String(await resultOf(passed.id))), expected);
});

test('the steps of a flow too; its record shows the trace alone', async () => {
  const { db } = database;
  const { id } = await runInContext(request, () => startFlow(db, chain([step(passOn, {}), step(look, {})])));
  const flow = await eventually('the flow has ended', async () => {
    const found = await findFlow(db, id);
    return found?.state === 'succeeded' ? found : undefined;
  });
  assert.deepEqual(flow.result, expected);
  assert.equal(flow.trace, `00-${request.trace_id}-${request.span_id}-01`);
});

test('what nobody asked for is done by the system, in no request', async () => {
  const { db } = database;
  const alone = await enqueue(db, look, {});
  assert.equal(((await resultOf(alone.id)) as { principal: { id: string } }).principal.id, 'system');
});
