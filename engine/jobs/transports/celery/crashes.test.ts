import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import { eventually, spawnScript } from '@labwright/kernel/testing';
import Type from 'typebox';
import { cancelJob, defineTask, enqueue, findJob } from '../../index.ts';
import { celeryHandler } from './index.ts';
import { type EndStatus, resultMessage } from './result.ts';
import { type Fixture, startFixture } from './testing/fixture.ts';
import type { Deed } from './testing/python.ts';
import { spin } from './testing/tasks.ts';

/* Calls of Celery while our process, the Python worker or the broker is killed: each is sent once, and no answer is lost. */

const started = await startFixture();

describe('a call of Celery', { skip: typeof started === 'string' ? started : false }, () => {
  let fixture: Fixture;
  before(() => {
    assert.ok(typeof started !== 'string');
    fixture = started;
  });
  after(() => (typeof started === 'string' ? undefined : started.end()));

  const deedsOf = async (rotor: string): Promise<Deed[]> =>
    (await fixture.python.deeds()).filter((deed) => deed.rotor === rotor);
  const events = async (rotor: string) => (await deedsOf(rotor)).map(({ event }) => event);
  const begun = (rotor: string) =>
    eventually(`${rotor} spins`, async () => ((await deedsOf(rotor)).length > 0 ? true : undefined));
  const handler = (queue: string) => celeryHandler(spin, { bridge: fixture.bridge, queue, graceMs: 100 });
  const state = async (id: string) => (await findJob(fixture.database.db, id))?.state;
  const killable = async (queue: string) => {
    const killed = spawnScript(
      import.meta.resolve('./testing/process.ts'),
      {},
      { args: [fixture.database.url, fixture.rabbit.url, queue] },
    );
    await killed.wrote(/ready/);
    return killed;
  };

  test('our process is killed in the middle: the next one waits for the same answer, and the key is held', async () => {
    const queue = fixture.freshQueue();
    const { db } = fixture.database;
    await fixture.python.worker({ broker: fixture.rabbit.url, queue, pool: 'threads', concurrency: 4 });
    const killed = await killable(queue);
    // Its only attempt is used up when its worker dies: yet it is not over while Python is at it.
    const options = { queue, key: 'rotor', maxAttempts: 1 };
    const first = await enqueue(db, spin, { rotor: 'first', seconds: 5 }, options);
    const second = await enqueue(db, spin, { rotor: 'second' }, options);
    await begun('first');
    await killed.kill();
    await fixture.worker(queue, [handler(queue)]);
    assert.partialDeepStrictEqual(await fixture.ended(first.id), {
      state: 'succeeded',
      result: { rotor: 'first' },
    });
    assert.equal((await fixture.ended(second.id)).state, 'succeeded');
    assert.deepEqual(await events('first'), ['begin', 'end'], 'it was sent once');
    const [, end] = await deedsOf('first');
    const [begin] = await deedsOf('second');
    assert.ok(begin && end && begin.at >= end.at, 'the key was held until the answer');
  });

  test('an answer that came while no process of ours ran is not lost', async () => {
    const queue = fixture.freshQueue();
    const { db } = fixture.database;
    await fixture.python.worker({ broker: fixture.rabbit.url, queue });
    const killed = await killable(queue);
    const { id } = await enqueue(db, spin, { rotor: 'alone', seconds: 1 }, { queue });
    await begun('alone');
    await killed.kill();
    await eventually('it has spun', async () => ((await deedsOf('alone')).length === 2 ? true : undefined));
    await fixture.worker(queue, [handler(queue)]);
    assert.partialDeepStrictEqual(await fixture.ended(id), { state: 'succeeded', attempts: 2 });
    assert.deepEqual(await events('alone'), ['begin', 'end']);
  });

  test('cancelled while its worker is dead: Python is told by the next one, and the key is held until then', async () => {
    const queue = fixture.freshQueue();
    const { db } = fixture.database;
    await fixture.python.worker({ broker: fixture.rabbit.url, queue, pool: 'prefork' });
    const killed = await killable(queue);
    const { id } = await enqueue(db, spin, { rotor: 'orphan', seconds: 120 }, { queue, key: 'orphan' });
    await begun('orphan');
    await killed.kill();
    await eventually("it is nobody's", async () => {
      // Any worker's upkeep buries the dead one; this one serves another queue.
      await fixture.worker(fixture.freshQueue(), []);
      return (await state(id)) === 'ready' || undefined;
    });
    assert.equal(await cancelJob(db, id), 'ready', 'Python is still at it');
    await fixture.worker(queue, [handler(queue)]);
    assert.equal((await fixture.ended(id)).state, 'cancelled');
    assert.deepEqual(await events('orphan'), ['begin'], 'it was terminated');
  });

  const reply = (taskId: string, status: EndStatus, result: unknown) => {
    const { body, options } = resultMessage({
      taskId,
      correlationId: taskId,
      status,
      result,
      traceback: null,
      children: [],
    });
    return fixture.broker.publish({
      routingKey: 'labwright.celery.replies',
      content: body,
      properties: options,
    });
  };
  const write = command(
    'test.celery.write_call',
    `INSERT INTO celery_calls (task_id, job_id, attempt, celery_task, queue, deadline)
     VALUES ($1, $2, 1, 'drivers.spin', 'nowhere', clock_timestamp() + make_interval(secs => $3))`,
  );

  test('written down and maybe not sent: it is not sent again, its answer is taken, or its time goes by', async () => {
    const queue = fixture.freshQueue();
    const { broker } = fixture;
    const { db } = fixture.database;
    const answered = await enqueue(db, spin, { rotor: 'written' }, { queue });
    const silent = await enqueue(db, spin, { rotor: 'written' }, { queue, maxAttempts: 1 });
    await db.execute(write, ['call 1', answered.id, 60]);
    await db.execute(write, ['call 2', silent.id, 1]);
    await fixture.worker(queue, [handler(queue)]);
    const lost = await enqueue(db, spin, { rotor: 'written' }, { queue });
    await db.execute(write, ['call 3', lost.id, 60]);
    await reply('call 1', 'SUCCESS', 'from afar');
    const away = { exc_type: 'OperationalError', exc_message: ['refused'], exc_module: 'kombu.exceptions' };
    await reply('call 3', 'FAILURE', away);
    assert.partialDeepStrictEqual(await fixture.ended(lost.id), {
      state: 'failed',
      error: { name: 'CeleryResultLost' },
    });
    assert.partialDeepStrictEqual(await fixture.ended(answered.id), {
      state: 'succeeded',
      result: 'from afar',
    });
    assert.partialDeepStrictEqual(await fixture.ended(silent.id), {
      state: 'dead',
      error: { name: 'CeleryTimeout' },
    });
    assert.deepEqual(await events('written'), []);
    assert.equal(
      (await broker.ask((channel) => channel.checkQueue('nowhere')).catch(() => null)) ?? null,
      null,
    );
  });

  const once = defineTask({ ...spin, ...spin.settings, name: 'drivers.spin_once' });

  test('the Python worker is killed: nothing comes, and after its time the job is tried again', async () => {
    const queue = fixture.freshQueue();
    const { db } = fixture.database;
    const how = { broker: fixture.rabbit.url, queue, pool: 'prefork', concurrency: 2 } as const;
    const python = await fixture.python.worker(how);
    await fixture.worker(queue, [handler(queue)]);
    const { id } = await enqueue(db, spin, { rotor: 'dies', seconds: 2 }, { queue, timeoutMs: 8_000 });
    await begun('dies');
    // It has answered another call since, so it has acknowledged this one.
    await fixture.ended((await enqueue(db, spin, { rotor: 'beside' }, { queue })).id);
    await python.kill();
    await fixture.python.worker(how);
    assert.partialDeepStrictEqual(await fixture.ended(id), { state: 'succeeded', attempts: 2 });
    const deeds = await deedsOf('dies');
    assert.deepEqual(
      deeds.map(({ event }) => event),
      ['begin', 'begin', 'end'],
    );
    assert.ok((deeds[1]?.at ?? 0) - (deeds[0]?.at ?? 0) > 6, 'not before its time was over');
  });

  test('the Python worker is killed: with acks_late Celery gives the call to another one, and there is one answer', async () => {
    const queue = fixture.freshQueue();
    const { db } = fixture.database;
    const how = { broker: fixture.rabbit.url, queue, acksLate: true };
    const python = await fixture.python.worker(how);
    await fixture.worker(queue, [
      handler(queue),
      celeryHandler(once, { bridge: fixture.bridge, queue, permanent: ['AssertionError'] }),
    ]);
    const { id } = await enqueue(db, spin, { rotor: 'late ack', seconds: 2 }, { queue });
    await begun('late ack');
    await python.kill();
    const next = await fixture.python.worker(how);
    assert.partialDeepStrictEqual(await fixture.ended(id), { state: 'succeeded', attempts: 1 });
    assert.deepEqual(await events('late ack'), ['begin', 'begin', 'end']);

    const guarded = await enqueue(db, once, { rotor: 'guarded', seconds: 2 }, { queue });
    await begun('guarded');
    await next.kill();
    await fixture.python.worker(how);
    assert.partialDeepStrictEqual(await fixture.ended(guarded.id), {
      state: 'failed',
      error: { message: 'it may have been carried out before: look at the instrument' },
    });
    assert.deepEqual(await events('guarded'), ['begin'], 'the task itself refuses what comes again');
  });

  test('a result that cannot be sent: the task was carried out, so it is not tried again', async () => {
    const queue = fixture.freshQueue();
    await fixture.python.worker({ broker: fixture.rabbit.url, queue });
    const unsendable = defineTask({ ...spin, ...spin.settings, name: 'drivers.unsendable' });
    await fixture.worker(queue, [celeryHandler(unsendable, { bridge: fixture.bridge, queue })]);
    const { id } = await enqueue(fixture.database.db, unsendable, { rotor: 'odd' }, { queue });
    const job = await fixture.ended(id);
    assert.partialDeepStrictEqual(job, { state: 'failed', attempts: 1, error: { name: 'CeleryResultLost' } });
    assert.match(job.error?.message ?? '', /EncodeError/);
    assert.deepEqual(await events('odd'), ['begin']);
  });

  const calls = rows(
    'test.celery.calls',
    Type.Object({ sent: Type.Boolean(), status: nullable(Type.String()) }),
    'SELECT sent_at IS NOT NULL AS sent, status FROM celery_calls WHERE job_id = $1',
  );

  for (const how of ['stop', 'kill'] as const)
    test(`the broker is away for a while (${how}): answers arrive, and what is asked meanwhile is sent`, async () => {
      const queue = fixture.freshQueue();
      const { db } = fixture.database;
      const python = await fixture.python.worker({
        broker: fixture.rabbit.url,
        queue,
        pool: 'prefork',
        concurrency: 3,
      });
      await fixture.worker(queue, [handler(queue)]);
      const [longer, ended] = [fixture.python.gate(), fixture.python.gate()];
      const start = (rotor: string, until: string) =>
        enqueue(db, spin, { rotor: `${rotor} ${how}`, until }, { queue });
      const beyond = await start('beyond', longer.path);
      const within = await start('within', ended.path);
      await begun(`beyond ${how}`);
      await begun(`within ${how}`);
      await fixture.ended((await enqueue(db, spin, { rotor: 'beside' }, { queue })).id);
      await fixture.rabbit[how]();
      await ended.open();
      await eventually('it ends', async () => (await events(`within ${how}`)).length === 2 || undefined);
      const meanwhile = await enqueue(db, spin, { rotor: `meanwhile ${how}` }, { queue });
      await eventually('it is tried', async () => (await state(meanwhile.id)) === 'running' || undefined);
      assert.deepEqual(
        await db.query(calls, [meanwhile.id]),
        [],
        'nothing is written down that cannot be sent',
      );
      await fixture.rabbit.start();
      await eventually(
        'Python is back',
        async () => (python.output().match(/Connected to/g)?.length ?? 0) > 1 || undefined,
      );
      await longer.open();
      assert.partialDeepStrictEqual(await fixture.ended(meanwhile.id), { state: 'succeeded', attempts: 1 });
      assert.partialDeepStrictEqual(
        await fixture.ended(beyond.id),
        { state: 'succeeded', attempts: 1 },
        python.output(),
      );
      assert.deepEqual(await db.query(calls, [beyond.id]), [{ sent: true, status: 'SUCCESS' }]);
      // Celery gives up at once on a result that it cannot send: the job says so, and is not repeated.
      const lost = await fixture.ended(within.id);
      assert.equal(lost.attempts, 1, JSON.stringify(lost.error));
      if (lost.state !== 'succeeded')
        assert.partialDeepStrictEqual(lost, { state: 'failed', error: { name: 'CeleryResultLost' } });
      for (const rotor of ['beyond', 'within', 'meanwhile']) {
        const seen = (await events(`${rotor} ${how}`)).join(' ');
        // A broker that is killed may have forgotten what Celery acknowledged a moment before, and deliver it again.
        assert.match(seen, how === 'kill' ? /^begin end( begin end)?$/ : /^begin end$/, rotor);
      }
    });
});
