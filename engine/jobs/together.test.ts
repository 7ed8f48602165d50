import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { Db } from '@labwright/kernel/db';
import { commonErrors, isProblem } from '@labwright/kernel/errors';
import { command, rows } from '@labwright/kernel/statement';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { defineTask, enqueue, findJob, jobsMigrations } from './index.ts';

/* Jobs that are asked for at the same time, outside of a transaction. */

const task = defineTask({ name: 'numbered', args: Type.Object({ number: Type.Integer() }) });
const count = rows(
  'test.together.count',
  Type.Object({ count: Type.Integer() }),
  'SELECT count(*)::int AS count FROM jobs',
);
const clear = command('test.together.clear', 'DELETE FROM jobs');

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  await database.db.raw(`
    CREATE FUNCTION refuse_thirteen() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN IF NEW.args->>'number' = '13' THEN RAISE 'not this one'; END IF; RETURN NEW; END $$;
    CREATE TRIGGER refuse_thirteen BEFORE INSERT ON jobs FOR EACH ROW EXECUTE FUNCTION refuse_thirteen()`);
});
after(() => database.drop());
beforeEach(async () => {
  await database.db.execute(clear);
});

/** The same database, and the names of the statements that it is asked. */
function watched(fault?: (statement: string) => Error | undefined): { db: Db; asked: string[] } {
  const asked: string[] = [];
  const { db } = database;
  const watch =
    <A extends unknown[], R>(run: (statement: { name: string }, ...rest: A) => Promise<R>) =>
    async (statement: { name: string }, ...rest: A): Promise<R> => {
      asked.push(statement.name);
      const error = fault?.(statement.name);
      if (error) throw error;
      return run(statement, ...rest);
    };
  return {
    asked,
    // A line of its own: `database` tells lines apart.
    db: { ...db, database: {}, query: watch(db.query as never), first: watch(db.first as never) } as Db,
  };
}

test('each caller gets the id of his own job, and the numbers rise in the order of the calls', async () => {
  const { db, asked } = watched();
  const made = await Promise.all(
    Array.from({ length: 700 }, (_, number) =>
      enqueue(
        db,
        task,
        { number: 1_000 + number },
        {
          queue: `q${number % 3}`,
          priority: number % 5,
          maxAttempts: 1 + (number % 4),
          ...(number % 2 === 0 ? { key: `k${number}` } : {}),
          ...(number % 7 === 0 ? { expiresAt: new Date('2030-01-01T00:00:00Z') } : {}),
        },
      ),
    ),
  );
  for (const [number, { id, fresh }] of made.entries()) {
    assert.equal(fresh, true);
    assert.partialDeepStrictEqual(await findJob(database.db, id), {
      args: { number: 1_000 + number },
      queue: `q${number % 3}`,
      priority: number % 5,
      max_attempts: 1 + (number % 4),
      state: number % 2 === 0 ? 'waiting' : 'ready',
      key: number % 2 === 0 ? `k${number}` : null,
      expires_at: number % 7 === 0 ? '2030-01-01T00:00:00Z' : null,
    });
  }
  // Two alone, then four batches of at most 200.
  assert.equal(asked.filter((name) => name === 'jobs.enqueue_together').length, 4);
  const batched = made.slice(2, 202).map(({ id }) => Number(id));
  assert.deepEqual(
    batched,
    batched.toSorted((a, b) => a - b),
  );
});

test('what the database refuses is refused to its caller alone', async () => {
  const { db } = watched();
  const made = await Promise.allSettled(
    Array.from({ length: 40 }, (_, number) => enqueue(db, task, { number })),
  );
  assert.deepEqual(
    made.flatMap(({ status }, number) => (status === 'rejected' ? [number] : [])),
    [13],
  );
  assert.equal((await database.db.first(count))?.count, 39);
});

test('where nobody knows whether a batch is stored, nothing is sent a second time', async () => {
  const { db, asked } = watched((name) =>
    name === 'jobs.enqueue_together'
      ? commonErrors.problem('database_unavailable', 'The connection was lost.')
      : undefined,
  );
  const made = await Promise.allSettled(
    Array.from({ length: 10 }, (_, number) => enqueue(db, task, { number: 100 + number })),
  );
  const rejected = made.filter(
    (one) => one.status === 'rejected' && isProblem(one.reason, 'database_unavailable'),
  );
  assert.equal(rejected.length, 8);
  assert.equal(asked.filter((name) => name.startsWith('jobs.enqueue')).length, 3);
  assert.equal((await database.db.first(count))?.count, 2);
});

test('who sleeps at any of the queues of a batch is woken', async () => {
  const heard = new Set<string>();
  const stop = await database.db.listen('labwright_jobs', {
    onMessage: (queue) => heard.add(queue),
    onGap: () => {},
  });
  await database.db.raw(
    `INSERT INTO job_queues (name, wanted) VALUES ('a', true), ('b', true), ('c', false)`,
  );
  const all = ['c', 'c', 'a', 'b', 'c', 'a'].map((queue, number) =>
    enqueue(database.db, task, { number }, { queue }),
  );
  await Promise.all(all);
  // Notifications come in order: this one is the last.
  await database.db.raw(`NOTIFY labwright_jobs, 'end'`);
  while (!heard.has('end')) await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual([...heard].sort(), ['a', 'b', 'end']);
  stop();
});

test('within a transaction a job is there with its commit, and by itself', async () => {
  await assert.rejects(
    database.db.transaction(async (tx) => {
      await Promise.all([1, 2, 3].map((number) => enqueue(tx, task, { number })));
      throw new Error('taken back');
    }),
    /taken back/,
  );
  assert.equal((await database.db.first(count))?.count, 0);
});
