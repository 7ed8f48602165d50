/** A database with workers that carry out the steps of flows. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  createWorker,
  defineTask,
  type Flow,
  findFlow,
  flowSteps,
  type Handler,
  handle,
  jobsMigrations,
  NoRetry,
  startFlow,
  type Worker,
} from '../../index.ts';
import { postgresTransport } from '../../transports/postgres/index.ts';

export let database: TestDatabase;
const workers: Worker[] = [];
/** Declares the hooks of a test file. */
export function openFlows(): void {
  before(async () => {
    database = await createTestDatabase([jobsMigrations]);
  });
  after(async () => {
    for (const worker of workers) await worker.stop();
    await database.drop();
  });
}

let queues = 0;
export const freshQueue = () => `queue-${++queues}`;

export const give = defineTask({
  name: 'give',
  args: Type.Object({ value: Type.Unknown() }),
  retryDelayMs: 1,
});
export const add = defineTask({
  name: 'add',
  args: Type.Object({ n: Type.Number(), to: Type.Number() }),
  retryDelayMs: 1,
});
export const sum = defineTask({ name: 'sum', args: Type.Object({ numbers: Type.Array(Type.Number()) }) });
export const keep = defineTask({ name: 'keep', args: Type.Object({ what: Type.Unknown() }) });
export const fail = defineTask({ name: 'fail', args: Type.Object({}) });
export const hold = defineTask({ name: 'hold', args: Type.Object({}) });

const handlers: Handler[] = [
  handle(give, async ({ value }) => value),
  handle(add, async ({ n, to }) => n + to),
  handle(sum, async ({ numbers }) => numbers.reduce((a, b) => a + b, 0)),
  handle(keep, async ({ what }) => what),
  handle(fail, async () => {
    throw new NoRetry('it was meant to fail');
  }),
];

export async function running(queue: string, more: Handler[] = [], concurrency = 10): Promise<Worker> {
  const { db } = database;
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: [queue],
    handlers: [...handlers, ...more],
    concurrency,
    leaseMs: 2_000,
  });
  await worker.start();
  workers.push(worker);
  return worker;
}

export const start = async (flow: Flow) => (await startFlow(database.db, flow)).id;
export const ended = (id: string) =>
  eventually(
    `flow ${id} has ended`,
    async () => {
      const flow = await findFlow(database.db, id);
      return flow && flow.state !== 'running' ? flow : undefined;
    },
    30_000,
  );
export const stepsOf = (id: string) => flowSteps(database.db, id, { limit: 10_000 });
export const jobOf = async (id: string, node: number) => {
  const found = (await stepsOf(id)).find((one) => one.node === node)?.job;
  assert.ok(found, `node ${node} has no job`);
  return found;
};
/** Ends jobs in one statement, as a worker would or somebody else. */
export const settle = rows(
  'test.flows.settle',
  Type.Object({ id: Type.String() }),
  `UPDATE jobs SET state = $2::job_state, worker = NULL, result = $3::jsonb, finished_at = now() WHERE id = ANY ($1::bigint[]) RETURNING id`,
);

export const joinNobody = rows(
  'test.flows.join_nobody',
  Type.Object({ id: Type.String() }),
  `INSERT INTO job_workers (name, queues, alive_until) VALUES ('nobody', '{}', clock_timestamp() + interval '1 h') RETURNING id`,
);
export const claimFor = rows(
  'test.flows.claim_for',
  Type.Object({ id: Type.String() }),
  `UPDATE jobs SET state = 'running', worker = $2 WHERE id = $1 RETURNING id`,
);
