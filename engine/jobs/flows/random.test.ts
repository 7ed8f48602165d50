import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import {
  createTestDatabase,
  eventually,
  seededRandom,
  spawnScript,
  type TestDatabase,
} from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  type ClaimedJob,
  cancelFlow,
  cancelJob,
  chain,
  chord,
  type Flow,
  findFlow,
  flowSteps,
  group,
  jobsMigrations,
  requeueJob,
  startFlow,
  step,
} from '../index.ts';
import { recordFailure, recordSuccesses, recordSuccessIn } from '../store/finish.ts';
import { keepUp } from '../store/upkeep.ts';
import { joinWorkers } from '../store/workers.ts';
import { postgresTransport } from '../transports/postgres/index.ts';
import { answer, compare, play, randomFlow } from './testing/model.ts';

/*
 * Random flows under random ends, from many sides at once. Whatever happens: nothing deadlocks, nothing is stuck, each flow
 * ends once for each time that it began, and with what the model says.
 */

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(`
    CREATE TABLE turns (flow bigint, before job_flow_state, after job_flow_state);
    CREATE FUNCTION note_turn() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN INSERT INTO turns VALUES (NEW.id, OLD.state, NEW.state); RETURN NULL; END $$;
    CREATE TRIGGER turns AFTER UPDATE ON job_flows FOR EACH ROW WHEN (OLD.state <> NEW.state) EXECUTE FUNCTION note_turn()`);
});
after(() => database.drop());

const moving = rows(
  'test.flows.moving',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs WHERE flow IS NOT NULL AND queue = $1 AND state IN ('scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying')
   UNION ALL SELECT id FROM job_flows WHERE state = 'running' LIMIT 1`,
);
const anyJob = rows(
  'test.flows.any_job',
  Type.Object({ id: Type.String() }),
  `SELECT id FROM jobs WHERE queue = $1 AND state = ANY ($2::job_state[]) ORDER BY random() LIMIT 1`,
);
const die = command(
  'test.flows.die',
  `UPDATE job_workers SET alive_until = clock_timestamp() - interval '1 s' WHERE id = $1`,
);
const turnsTwice = rows(
  'test.flows.turns_twice',
  Type.Object({ flow: Type.String() }),
  `SELECT flow FROM turns GROUP BY flow
   HAVING count(*) FILTER (WHERE before = 'running') <> count(*) FILTER (WHERE after = 'running') + 1`,
);
const ranTwice = rows(
  'test.flows.ran_twice',
  Type.Object({ flow: Type.String(), node: Type.Integer() }),
  `SELECT flow, flow_node AS node FROM jobs WHERE flow IS NOT NULL AND state = 'succeeded' GROUP BY flow, flow_node HAVING count(*) > 1`,
);
const deadlocks = rows(
  'test.flows.deadlocks',
  Type.Object({ count: Type.String() }),
  `SELECT deadlocks AS count FROM pg_stat_database WHERE datname = current_database()`,
);

const join = (name: string, queue: string) =>
  joinWorkers(database.db, { name, queues: [queue], repeatable: [], presence: null, leaseMs: 60_000 });

async function check(flows: ReadonlyMap<string, Flow>): Promise<Record<string, number>> {
  const { db } = database;
  const states: Record<string, number> = {};
  for (const [id, flow] of flows) {
    const record = await findFlow(db, id);
    assert.ok(record);
    states[record.state] = (states[record.state] ?? 0) + 1;
    try {
      compare(flow, record, await flowSteps(db, id, { limit: 1_000 }));
    } catch (error) {
      throw new Error(`flow ${id}: ${error instanceof Error ? error.stack : error}`);
    }
  }
  assert.deepEqual(await db.query(turnsTwice), [], 'a flow ended twice');
  assert.deepEqual(await db.query(ranTwice), [], 'a step succeeded twice');
  assert.equal((await db.first(deadlocks))?.count, '0', 'there were deadlocks');
  return states;
}

test('random flows, ended in batches from many sides, with deaths, cancellations and second tries', async () => {
  const { db } = database;
  const random = seededRandom('random flows');
  const queue = 'random';
  const transport = postgresTransport(db);
  const flows = new Map<string, Flow>();
  for (let n = 0; n < 120; n += 1) {
    const flow = randomFlow(random, queue, 12);
    flows.set((await startFlow(db, flow)).id, flow);
  }
  let over = false;
  let troubles = true;
  const forgiven = new Set<string>();
  const isOver = () => over;

  const worker = async () => {
    let me = await join('simulated', queue);
    let hand: ClaimedJob[] = [];
    while (!isOver()) {
      hand.push(...(await transport.claim(queue, me, 1 + random.below(12))));
      if (troubles && random.next() < 0.03) {
        await db.execute(die, [me]);
        me = await join('simulated', queue);
        hand = [];
        continue;
      }
      const ends = hand.splice(0, 1 + random.below(hand.length + 1)).sort(() => random.next() - 0.5);
      const well: ClaimedJob[] = [];
      const records: Promise<unknown>[] = [];
      for (const job of ends) {
        const { fails } = job.args as { fails: boolean };
        if (!(fails && !forgiven.has(job.id)) && random.next() > 0.02) {
          well.push(job);
          continue;
        }
        const state = fails ? (random.next() < 0.5 ? 'failed' : 'dead') : 'retrying';
        const error = { name: 'Error', message: 'it was meant to fail' };
        records.push(
          recordFailure(db, me, { id: job.id, attempt: job.attempts, state, error, retryAt: new Date() }),
        );
      }
      records.push(
        recordSuccesses(
          db,
          me,
          well.map((job) => ({
            id: job.id,
            keyed: job.key !== null,
            result: JSON.stringify(answer(job.args as { value: number; input?: unknown })),
          })),
          [queue],
        ).then((followers) => hand.push(...followers)),
      );
      await Promise.all(records);
    }
  };
  const upkeep = async () => {
    while (!isOver()) await keepUp(db, { log: silentLog });
  };
  const trouble = async () => {
    while (!isOver() && troubles) {
      const kind = random.next();
      const states =
        kind < 0.5 ? ['dead', 'failed', 'cancelled'] : ['ready', 'waiting', 'running', 'retrying'];
      const job = await db.first(anyJob, [queue, states]);
      if (kind < 0.5 && job) {
        if (random.next() < 0.5) forgiven.add(job.id);
        await requeueJob(db, job.id);
      } else if (kind < 0.7 && job) await cancelJob(db, job.id);
      else if (kind < 0.75) await cancelFlow(db, [...flows.keys()][random.below(flows.size)] ?? '');
      await new Promise((resolve) => setTimeout(resolve, random.below(20)));
    }
  };
  const parts = [worker(), worker(), worker(), worker(), upkeep(), upkeep(), trouble(), trouble()];
  const failed = Promise.all(parts);
  const run = async () => {
    // New flows while the old ones end; then quiet.
    for (let n = 0; n < 200; n += 1) {
      const flow = randomFlow(random, queue, 12);
      flows.set((await startFlow(db, flow)).id, flow);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    troubles = false;
    await eventually(
      'nothing moves',
      async () => ((await db.first(moving, [queue])) ? undefined : true),
      60_000,
    ).catch(async (error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await db.query(stuck, [queue]))}`);
    });
  };
  await Promise.race([run(), failed]).finally(() => {
    over = true;
  });
  await failed;
  const states = await check(flows);
  process.stdout.write(`# ${JSON.stringify(states)}\n`);
  for (const state of ['succeeded', 'failed', 'cancelled'])
    assert.ok((states[state] ?? 0) > 0, `no flow ${state}`);
});

test('children of two flows end in batches of two workers, in opposite order', async () => {
  const { db } = database;
  const queue = 'opposite';
  const args = { value: 1, fails: false, ms: 0 };
  const one = step(play, args, { queue });
  const me = await join('a', queue);
  const you = await join('b', queue);
  const finish = async (worker: string, ids: readonly string[]) => {
    await db.query(take, [ids, worker]);
    return () =>
      recordSuccesses(
        db,
        worker,
        ids.map((id) => ({ id, keyed: false, result: JSON.stringify(answer(args)) })),
        [],
      );
  };
  for (let round = 0; round < 60; round += 1) {
    // Their jobs come in the order: first, second, second, first.
    const first = (await startFlow(db, group([one, chain([one, one])]))).id;
    const second = (await startFlow(db, group([one, chain([one, one])]))).id;
    const job = async (flow: string, node: number) =>
      (await flowSteps(db, flow, { limit: 10 })).find((found) => found.node === node)?.job ?? '';
    for (const flow of [second, first]) await (await finish(me, [await job(flow, 3)]))();
    const ends = [
      await finish(me, [await job(first, 1), await job(second, 1)]),
      await finish(you, [await job(second, 4), await job(first, 4)]),
    ];
    await Promise.all(ends.map((end) => end()));
    for (const flow of [first, second]) assert.equal((await findFlow(db, flow))?.state, 'succeeded');
  }
  assert.equal((await db.first(deadlocks))?.count, '0', 'there were deadlocks');
});

test('two workers end the last two children at the same time: one aggregation', async () => {
  const { db } = database;
  const queue = 'last';
  const one = step(play, { value: 1, fails: false, ms: 0 }, { queue });
  const { id } = await startFlow(db, chord([one, one], one));
  const [first, second] = (await flowSteps(db, id, { limit: 10 })).map(({ job }) => job ?? '');
  const me = await join('me', queue);
  const you = await join('you', queue);
  await db.query(take, [[first], me]);
  await db.query(take, [[second], you]);
  let other: Promise<unknown> | undefined;
  await db.transaction(async (tx) => {
    await recordSuccessIn(tx, me, first ?? '', 1);
    // What the commit would do, while it can still be overtaken.
    await tx.raw('SET CONSTRAINTS ALL IMMEDIATE');
    other = recordSuccesses(db, you, [{ id: second ?? '', keyed: false, result: '2' }], []);
    await eventually('the other one waits', async () => ((await db.first(waits)) ? true : undefined));
  });
  await other;
  assert.deepEqual(
    (await db.query(jobsOf, [id])).map(({ state }) => state),
    ['succeeded', 'succeeded', 'ready'],
  );
  assert.equal(await cancelFlow(db, id), 'cancelled');
});

test('workers are killed while they carry out random flows', async () => {
  const { db } = database;
  const random = seededRandom('flows under fire');
  const queue = 'fire';
  const start = () =>
    spawnScript(import.meta.resolve('./testing/process.ts'), {}, { args: [database.url, queue] });
  const workers = [start(), start()];
  const flows = new Map<string, Flow>();
  for (let n = 0; n < 60; n += 1) {
    const flow = randomFlow(random, queue, 15);
    flows.set((await startFlow(db, flow)).id, flow);
  }
  try {
    for (let shots = 0; shots < 6; shots += 1) {
      const place = random.below(workers.length);
      await workers[place]?.kill('SIGKILL');
      workers[place] = start();
      for (let n = 0; n < 10; n += 1) {
        const kind = random.next();
        const states =
          kind < 0.5 ? ['dead', 'failed', 'cancelled'] : ['ready', 'waiting', 'running', 'retrying'];
        const job = await db.first(anyJob, [queue, states]);
        if (kind < 0.3 && job) await requeueJob(db, job.id);
        else if (kind > 0.9) await cancelFlow(db, [...flows.keys()][random.below(flows.size)] ?? '');
        const flow = randomFlow(random, queue, 15);
        flows.set((await startFlow(db, flow)).id, flow);
        await new Promise((resolve) => setTimeout(resolve, random.below(150)));
      }
    }
    await eventually(
      'nothing moves',
      async () => ((await db.first(moving, [queue])) ? undefined : true),
      60_000,
    ).catch(async (error) => {
      throw new Error(`${error.message}: ${JSON.stringify(await db.query(stuck, [queue]))}`);
    });
  } finally {
    for (const worker of workers) worker.child.kill('SIGTERM');
    for (const worker of workers) await worker.ended;
  }
  const states = await check(flows);
  process.stdout.write(`# ${JSON.stringify(states)}\n`);
  assert.ok((states.succeeded ?? 0) > 0 && (states.failed ?? 0) > 0);
});

const stuck = rows(
  'test.flows.stuck',
  Type.Object({ job: Type.String() }),
  `SELECT concat_ws(' ', j.id, j.state, j.attempts, j.max_attempts, 'key', j.key, j.seen, 'worker', j.worker, w.alive_until - clock_timestamp(), j.run_at, 'flow', j.flow) AS job
   FROM jobs j LEFT JOIN job_workers w ON w.id = j.worker
   WHERE j.queue = $1 AND j.state NOT IN ('succeeded', 'failed', 'dead', 'cancelled') ORDER BY j.id LIMIT 20`,
);
const waits = rows(
  'test.flows.waits',
  Type.Object({ pid: Type.Integer() }),
  `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' LIMIT 1`,
);
const take = rows(
  'test.flows.take',
  Type.Object({ id: Type.String() }),
  `UPDATE jobs SET state = 'running', worker = $2, attempts = 1 WHERE id = ANY ($1::bigint[]) RETURNING id`,
);
const jobsOf = rows(
  'test.flows.jobs_of',
  Type.Object({ state: Type.String() }),
  'SELECT state::text AS state FROM jobs WHERE flow = $1 ORDER BY id',
);
