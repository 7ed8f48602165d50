import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import { checkStatements, eventually, seededRandom } from '@labwright/kernel/testing';
import Type from 'typebox';
import { attemptsOfJob, cancelJob, defineTask, enqueue, enqueueMany } from '../../index.ts';
import { celeryHandler } from './index.ts';
import { type Fixture, startFixture } from './testing/fixture.ts';
import type { CeleryWorker, Deed } from './testing/python.ts';
import { randomValue } from './testing/random.ts';
import { add, echo, fail, spin, stubborn } from './testing/tasks.ts';

/* Jobs of ours that a Celery worker in Python carries out. */

const started = await startFixture();

describe('a job carried out by Celery', { skip: typeof started === 'string' ? started : false }, () => {
  let fixture: Fixture;
  let celery: CeleryWorker;
  before(async () => {
    assert.ok(typeof started !== 'string');
    fixture = started;
    celery = await fixture.python.worker({
      broker: fixture.rabbit.url,
      queue: 'python',
      pool: 'prefork',
      concurrency: 4,
    });
    const { bridge } = fixture;
    await fixture.worker('ours', [
      celeryHandler(spin, { bridge, queue: 'python' }),
      celeryHandler(echo, { bridge, queue: 'python' }),
      celeryHandler(fail, { bridge, queue: 'python', permanent: ['LookupError'] }),
      celeryHandler(fatal, {
        bridge,
        queue: 'python',
        celeryTask: 'drivers.fail',
        permanent: ['ValueError'],
      }),
      celeryHandler(stubborn, { bridge, queue: 'python' }),
      celeryHandler(summed, {
        bridge,
        queue: 'python',
        celeryTask: 'drivers.add',
        followedBy: [
          { celeryTask: 'drivers.add', queue: 'python', args: [10] },
          { celeryTask: 'drivers.add', queue: 'python', args: [100] },
        ],
      }),
      celeryHandler(broken, {
        bridge,
        queue: 'python',
        celeryTask: 'drivers.fail',
        followedBy: [{ celeryTask: 'drivers.add', queue: 'python', args: [10] }],
      }),
    ]);
  });
  after(() => (typeof started === 'string' ? undefined : started.end()));

  const fatal = defineTask({ ...fail, ...fail.settings, name: 'fatal' });
  const broken = defineTask({ ...fail, ...fail.settings, name: 'broken', maxAttempts: 1 });
  const summed = defineTask({ ...add, ...add.settings, name: 'summed' });

  const deedsOf = async (rotor: string): Promise<Deed[]> =>
    (await fixture.python.deeds()).filter((deed) => deed.rotor === rotor);
  const begun = (rotor: string, times = 1) =>
    eventually(`${rotor} spins`, async () => {
      const deeds = (await deedsOf(rotor)).filter(({ event }) => event === 'begin');
      return deeds.length >= times || undefined;
    });

  test('every statement can be prepared and answers the columns of its row type', async () => {
    const { checked, faults } = await checkStatements(fixture.database.url);
    assert.deepEqual(faults, []);
    assert.ok(checked > 30, String(checked));
  });

  test('its result is that of the Python task', async () => {
    const { id } = await enqueue(fixture.database.db, spin, { rotor: 'plain' }, { queue: 'ours' });
    assert.partialDeepStrictEqual(await fixture.ended(id), {
      state: 'succeeded',
      attempts: 1,
      result: { rotor: 'plain', spun: 0 },
    });
    assert.equal((await deedsOf('plain')).length, 2);
  });

  test('arguments and results keep their value, whatever they are', async () => {
    const random = seededRandom('arguments for Python');
    const values = Array.from({ length: 60 }, () => randomValue(random));
    const jobs = await Promise.all(
      values.map(async (value, index) => {
        const args = index % 2 ? [value, index] : { value, 'größe 🧪': index };
        const { id } = await enqueue(fixture.database.db, echo, args, { queue: 'ours' });
        return { id, args };
      }),
    );
    for (const { id, args } of jobs) {
      const job = await fixture.ended(id);
      const expected = Array.isArray(args) ? { args, kwargs: {} } : { args: [], kwargs: args };
      assert.deepEqual(job.result, expected, job.error?.message);
    }
  });

  test('what Python raises is the error of the job, with its traceback; it is tried again', async () => {
    const { id } = await enqueue(
      fixture.database.db,
      fail,
      { text: 'no sample ⚗' },
      { queue: 'ours', maxAttempts: 2 },
    );
    const job = await fixture.ended(id);
    assert.partialDeepStrictEqual(job, {
      state: 'dead',
      attempts: 2,
      error: { name: 'ValueError', message: 'no sample ⚗, 7' },
    });
    assert.match(job.error?.stack ?? '', /Traceback[\s\S]*drivers\.py[\s\S]*ValueError/);
    assert.equal((await attemptsOfJob(fixture.database.db, id)).length, 2);
    const permanent = await enqueue(fixture.database.db, fatal, { text: 'x' }, { queue: 'ours' });
    assert.partialDeepStrictEqual(await fixture.ended(permanent.id), {
      state: 'failed',
      attempts: 1,
      error: { name: 'ValueError' },
    });
  });

  test('a task that Celery itself tries again has not ended by that', async () => {
    const { id } = await enqueue(fixture.database.db, stubborn, { times: 2 }, { queue: 'ours' });
    assert.partialDeepStrictEqual(await fixture.ended(id), { state: 'succeeded', attempts: 1, result: 2 });
  });

  test('further links of a chain are called by Celery itself; the job ends with the last one', async () => {
    const { id } = await enqueue(fixture.database.db, summed, [1, 2], { queue: 'ours' });
    assert.partialDeepStrictEqual(await fixture.ended(id), { state: 'succeeded', result: 113 });
    const failed = await enqueue(fixture.database.db, broken, { text: 'first link' }, { queue: 'ours' });
    assert.partialDeepStrictEqual(await fixture.ended(failed.id), {
      state: 'dead',
      error: { name: 'ValueError', message: 'first link, 7' },
    });
  });

  test('one key, one job, also while Python is at it', async () => {
    await fixture.worker('ours', [celeryHandler(spin, { bridge: fixture.bridge, queue: 'python' })]);
    const jobs = Array.from({ length: 24 }, (_, n) => ({
      args: { rotor: `rotor ${n % 3}`, seconds: 0.05 },
      key: `rotor ${n % 3}`,
    }));
    await enqueueMany(fixture.database.db, spin, jobs, { queue: 'ours' });
    const deeds = await eventually('all have spun', async () => {
      const found = (await fixture.python.deeds()).filter(({ rotor }) => rotor?.startsWith('rotor '));
      return found.length === 48 ? found : undefined;
    });
    const inside = new Map<string, number>();
    let most = 0;
    for (const { rotor = '', event } of deeds) {
      const now = (inside.get(rotor) ?? 0) + (event === 'begin' ? 1 : -1);
      assert.ok(now <= 1, `${rotor} spins twice at once`);
      inside.set(rotor, now);
      most = Math.max(
        most,
        [...inside.values()].reduce((sum, one) => sum + one, 0),
      );
    }
    assert.ok(most > 1, 'other keys go on beside it');
  });

  test('cancelled: the Python task is terminated, and the job says so', async () => {
    const { db } = fixture.database;
    const { id } = await enqueue(db, spin, { rotor: 'cancelled', seconds: 120 }, { queue: 'ours', key: 'c' });
    await begun('cancelled');
    await cancelJob(db, id);
    assert.equal((await fixture.ended(id)).state, 'cancelled');
    const next = await enqueue(db, spin, { rotor: 'after it' }, { queue: 'ours', key: 'c' });
    assert.equal((await fixture.ended(next.id)).state, 'succeeded');
    assert.equal((await deedsOf('cancelled')).length, 1, 'it was terminated, so it wrote no end');
  });

  test('its time is over: terminated, tried again, and dead at last', async () => {
    const { id } = await enqueue(
      fixture.database.db,
      spin,
      { rotor: 'slow', seconds: 120 },
      { queue: 'ours', timeoutMs: 1_500, maxAttempts: 2 },
    );
    assert.partialDeepStrictEqual(await fixture.ended(id), { state: 'dead', attempts: 2 });
    const deeds = await deedsOf('slow');
    assert.deepEqual(
      deeds.map(({ event }) => event),
      ['begin', 'begin'],
    );
    const [first, second] = deeds;
    assert.ok(first && second && second.at - first.at >= 1.4, 'not before the first one had had its time');
    assert.match(celery.output(), /Terminating/);
  });

  const answers = rows(
    'test.celery.answers',
    Type.Object({ status: nullable(Type.String()), closed: Type.Boolean() }),
    'SELECT status, closed_at IS NOT NULL AS closed FROM celery_calls WHERE job_id = $1 ORDER BY asked_at',
  );

  test('an answer for a job that was given up is kept, and not heeded', async () => {
    const { db } = fixture.database;
    // In one process: it cannot be terminated, and ends late.
    await fixture.python.worker({ broker: fixture.rabbit.url, queue: 'solo', pool: 'solo' });
    await fixture.worker('lone', [
      celeryHandler(spin, { bridge: fixture.bridge, queue: 'solo', graceMs: 100 }),
    ]);
    const { id } = await enqueue(
      db,
      spin,
      { rotor: 'late', seconds: 4 },
      { queue: 'lone', timeoutMs: 1_500, maxAttempts: 1 },
    );
    assert.partialDeepStrictEqual(await fixture.ended(id), { state: 'dead', result: null });
    await eventually(
      'the answer has come',
      async () => (await db.query(answers, [id]))[0]?.status ?? undefined,
    );
    assert.deepEqual(await db.query(answers, [id]), [{ status: 'SUCCESS', closed: true }]);
    assert.partialDeepStrictEqual(await fixture.ended(id), { state: 'dead', result: null });
  });
});
