import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { nullable } from '@labwright/kernel/http/schemas';
import type { Part } from '@labwright/kernel/lifecycle';
import { silentLog } from '@labwright/kernel/log';
import { command, rows } from '@labwright/kernel/statement';
import { eventually, seededRandom } from '@labwright/kernel/testing';
import Type from 'typebox';
import { chain, defineTask, handle, NoRetry, resultOfFlow, startFlow, step } from '../../index.ts';
import { celeryHandler, celeryIngress, celeryTask } from './index.ts';
import { type Call, type Signature, taskMessage } from './message.ts';
import { sweepRequests } from './requests.ts';
import { type Fixture, startFixture } from './testing/fixture.ts';
import type { CeleryClient } from './testing/python.ts';
import { randomValue } from './testing/random.ts';
import { echo } from './testing/tasks.ts';

/* A Celery client in Python calls tasks that workers of ours carry out. */

const started = await startFixture();

const greet = defineTask({
  name: 'lab.greet',
  args: Type.Object(
    { name: Type.String(), times: Type.Optional(Type.Integer()) },
    { additionalProperties: false },
  ),
  queue: 'lab',
});
const same = defineTask({ name: 'lab.same', args: Type.Array(Type.Unknown()), queue: 'lab' });
const add = defineTask({
  name: 'lab.add',
  args: Type.Object({ x: Type.Number(), y: Type.Number() }),
  queue: 'lab',
});
const explode = defineTask({
  name: 'lab.explode',
  args: Type.Object({ kind: Type.String() }),
  queue: 'lab',
  maxAttempts: 3,
  retryDelayMs: 5,
});
const hang = defineTask({ name: 'lab.hang', args: Type.Object({}), queue: 'lab', maxAttempts: 1 });
const hold = defineTask({ name: 'lab.hold', args: Type.Object({ key: Type.String() }), queue: 'lab' });

const scaled = defineTask({
  name: 'scaled',
  args: Type.Object({ rotor: Type.String(), seconds: Type.Number() }),
  timeoutMs: 60_000,
});
const keep = defineTask({ name: 'keep', args: Type.Object({ what: Type.Unknown() }) });

describe('a task of a Celery client', { skip: typeof started === 'string' ? started : false }, () => {
  let fixture: Fixture;
  let client: CeleryClient;
  let ingress: Part;
  let inside = 0;
  let tries = 0;
  const asked: string[] = [];

  const open = async () => {
    const made = celeryIngress({
      db: fixture.database.db,
      broker: fixture.broker,
      log: silentLog,
      queue: 'for-us',
      route: (task) => (task.startsWith('drivers.') ? 'python' : 'for-us'),
      tasks: [
        celeryTask(greet),
        celeryTask(same),
        celeryTask(add, { name: 'sums.add' }),
        celeryTask(explode),
        celeryTask(hang),
        celeryTask(hold, { key: ({ key }) => key }),
        celeryTask(echo, { queue: 'lab' }),
      ],
    });
    await made.start();
    return made;
  };

  before(async () => {
    assert.ok(typeof started !== 'string');
    fixture = started;
    ingress = await open();
    const broker = fixture.rabbit.url;
    [client] = await Promise.all([
      fixture.python.client({ broker, queue: 'for-us' }),
      fixture.python.worker({ broker, queue: 'python', pool: 'threads', concurrency: 2 }),
    ]);
    await fixture.worker('lab', [
      handle(greet, async ({ name, times = 1 }) => {
        asked.push(name);
        return `Grüß dich, ${name}! `.repeat(times).trim();
      }),
      handle(same, async (args) => args),
      handle(add, async ({ x, y }) => x + y),
      handle(explode, async ({ kind }) => {
        tries += 1;
        if (kind === 'never') throw new NoRetry('the lamp is broken');
        throw new RangeError('too hot 🔥');
      }),
      handle(
        hang,
        (_, { signal }) => new Promise((_resolve, reject) => signal.addEventListener('abort', reject)),
      ),
      handle(hold, async () => {
        inside += 1;
        const most = inside;
        await new Promise((resolve) => setTimeout(resolve, 20));
        inside -= 1;
        return most;
      }),
      celeryHandler(echo, { bridge: fixture.bridge, queue: 'python' }),
      celeryHandler(scaled, { bridge: fixture.bridge, queue: 'python', celeryTask: 'drivers.echo' }),
      handle(keep, async ({ what }) => ({ kept: what })),
    ]);
  });
  after(async () => {
    await ingress?.stop();
    if (typeof started !== 'string') await started.end();
  });

  const messages = (queue: string) =>
    fixture.broker.ask(async (channel) => (await channel.checkQueue(queue)).messageCount).catch(() => 0);
  const jobsOf = rows(
    'test.celery.jobs',
    Type.Object({ count: Type.Integer() }),
    `SELECT count(*)::int AS count FROM jobs WHERE unique_key = 'celery:' || $1`,
  );
  const count = async (id: string) => (await fixture.database.db.first(jobsOf, [id]))?.count;
  const publish = (call: Partial<Call>, queue = 'for-us') => {
    const { body, options } = taskMessage({
      taskId: randomUUID(),
      task: 'lab.greet',
      args: [],
      kwargs: {},
      ...call,
    });
    return fixture.broker.publish({ routingKey: queue, content: body, properties: options });
  };
  const request = rows(
    'test.celery.request',
    Type.Object({ status: nullable(Type.String()), answered: Type.Boolean() }),
    'SELECT status, answered_at IS NOT NULL AS answered FROM celery_requests WHERE task_id = $1',
  );
  const answered = (id: string) =>
    eventually(`${id} is answered`, async () => {
      const row = await fixture.database.db.first(request, [id]);
      return row?.answered ? row : undefined;
    });

  test('delay() and get(): by position, by name, and both', async () => {
    const told = await Promise.all([
      client.ask({ task: 'lab.greet', args: ['Ada'] }),
      client.ask({ task: 'lab.greet', kwargs: { name: 'Grace', times: 2 } }),
      client.ask({ task: 'lab.greet', args: ['Lise'], kwargs: { times: 1 } }),
      client.ask({ task: 'sums.add', args: [1.5, 2] }),
    ]);
    assert.deepEqual(
      told.map(({ ok, state }) => [ok, state]),
      [
        ['Grüß dich, Ada!', 'SUCCESS'],
        ['Grüß dich, Grace! Grüß dich, Grace!', 'SUCCESS'],
        ['Grüß dich, Lise!', 'SUCCESS'],
        [3.5, 'SUCCESS'],
      ],
    );
  });

  test('arguments and results keep their value, whatever they are', async () => {
    const random = seededRandom('arguments from Python');
    for (let round = 0; round < 40; round += 1) {
      const args = [randomValue(random), randomValue(random), null];
      const { ok, text } = await client.ask({ task: 'lab.same', args });
      assert.deepEqual(ok, args, text);
    }
  });

  test('get() raises what our task failed with, after its retries', async () => {
    tries = 0;
    const dead = await client.ask({ task: 'lab.explode', args: ['again'] });
    assert.partialDeepStrictEqual(dead, { error: 'RangeError', text: 'too hot 🔥', state: 'FAILURE' });
    assert.ok(dead.kinds?.includes('builtins.Exception'));
    assert.match(dead.traceback ?? '', /ingress\.test\.ts/);
    assert.equal(tries, 3);
    const never = await client.ask({ task: 'lab.explode', kwargs: { kind: 'never' } });
    assert.partialDeepStrictEqual(never, { error: 'NoRetry', text: 'the lamp is broken' });
  });

  test('what cannot be carried out fails at once, lies with the dead letters, and holds up nobody', async () => {
    const before = await messages('for-us.dead');
    const told = await Promise.all([
      client.ask({ task: 'lab.nobody', args: [] }),
      client.ask({ task: 'lab.greet', args: [7] }),
      client.ask({ task: 'lab.greet', args: ['a', 1, 2] }),
      client.ask({ task: 'lab.greet', args: ['a'], kwargs: { name: 'b' } }),
      client.ask({ task: 'lab.greet', kwargs: { name: 'a', tmies: 1 } }),
      client.ask({ task: 'lab.same', args: ['nul \0 in it'] }),
      client.ask({ task: 'lab.same', args: ['huge'], options: {}, kwargs: { no: 1 } }),
    ]);
    assert.deepEqual(
      told.map(({ error }) => error),
      ['NotRegistered', 'TypeError', 'TypeError', 'TypeError', 'TypeError', 'ValueError', 'TypeError'],
    );
    assert.deepEqual(told[0]?.kinds?.[0], 'celery.exceptions.NotRegistered');
    assert.match(told[1]?.text ?? '', /args\.name must be string/);
    assert.match(told[2]?.text ?? '', /takes 2 positional arguments but 3 were given/);
    await fixture.broker.publish({ routingKey: 'for-us', content: Buffer.from('nothing of the kind') });
    await fixture.broker.publish({
      routingKey: 'for-us',
      content: Buffer.from('[[12345678901234567890],{},{}]'),
      properties: { headers: { task: 'lab.same', id: 'big' }, contentType: 'application/json' },
    });
    await fixture.broker.publish({
      routingKey: 'for-us',
      content: Buffer.from('gASVAA=='),
      properties: {
        headers: { task: 'lab.same', id: 'pickled' },
        contentType: 'application/x-python-serialize',
      },
    });
    assert.equal(
      (await client.ask({ task: 'lab.greet', args: ['after them'] })).ok,
      'Grüß dich, after them!',
    );
    await eventually(
      'the dead letters',
      async () => (await messages('for-us.dead')) === before + 10 || undefined,
    );
  });

  test('a message that comes again makes no second job, also when the first one has ended', async () => {
    const taskId = randomUUID();
    await Promise.all([publish({ taskId, args: ['twice'] }), publish({ taskId, args: ['twice'] })]);
    await answered(taskId);
    await publish({ taskId, args: ['twice'] });
    await client.ask({ task: 'lab.greet', args: ['behind it'] });
    assert.equal(await count(taskId), 1);
    assert.equal(asked.filter((name) => name === 'twice').length, 1);
  });

  test('countdown, expiry, time limit, priority and retries of the client are heeded', async () => {
    const from = Date.now();
    const later = await client.ask({ task: 'lab.greet', args: ['later'], options: { countdown: 0.7 } });
    assert.equal(later.ok, 'Grüß dich, later!');
    assert.ok(Date.now() - from >= 690, 'not before its time');
    const late = await client.ask({
      task: 'lab.greet',
      args: ['late'],
      options: { countdown: 0.6, expires: 0.1 },
    });
    assert.partialDeepStrictEqual(late, { error: 'TaskRevokedError', text: 'expired', state: 'REVOKED' });
    const slow = await client.ask({ task: 'lab.hang', options: { time_limit: 0.3 } });
    assert.partialDeepStrictEqual(slow, { error: 'TimeLimitExceeded', state: 'FAILURE' });
    tries = 0;
    await publish({ taskId: 'tried', task: 'lab.explode', args: ['x'], retries: 2, priority: 9 });
    await answered('tried');
    assert.equal(tries, 1, 'two of its three attempts were made elsewhere');
  });

  test('one key, one job', async () => {
    const told = await Promise.all(
      Array.from({ length: 10 }, () => client.ask({ task: 'lab.hold', kwargs: { key: 'one' } })),
    );
    assert.deepEqual(new Set(told.map(({ ok }) => ok)), new Set([1]));
  });

  test('a chain goes from us to Python and back; its client has the last result', async () => {
    const told = await client.ask({
      chain: [
        { task: 'sums.add', args: [1, 2] },
        { task: 'drivers.add', args: [10], set: { queue: 'python' } },
        { task: 'sums.add', args: [100], set: { queue: 'for-us' } },
        { task: 'drivers.add', args: [1000] },
      ],
    });
    assert.equal(told.ok, 1113, JSON.stringify(told));
    const kept = await client.ask({
      chain: [
        { task: 'drivers.add', args: [1, 2], set: { queue: 'python' } },
        { task: 'sums.add', args: [100], set: { queue: 'for-us' } },
        { task: 'drivers.add', args: [5, 5], immutable: true, set: { queue: 'python' } },
      ],
    });
    assert.equal(kept.ok, 10);
  });

  test('a chain that fails with us fails for its client; what follows is not begun', async () => {
    const told = await client.ask({
      chain: [
        { task: 'lab.explode', args: ['never'] },
        { task: 'drivers.add', args: [10], set: { queue: 'python' } },
        { task: 'sums.add', args: [100] },
      ],
    });
    assert.partialDeepStrictEqual(told, { error: 'NoRetry', text: 'the lamp is broken' });
  });

  test('a group, also as the end of a chain; callbacks and errbacks', async () => {
    const group = await client.ask({ group: [1, 2, 3].map((x) => ({ task: 'sums.add', args: [x, x] })) });
    assert.deepEqual(group.ok, [2, 4, 6]);
    const heard = (word: string): Signature & { set: object } =>
      ({
        task: 'drivers.heard',
        args: [word],
        set: { queue: 'python' },
      }) as Signature & { set: object };
    await client.ask({
      task: 'sums.add',
      args: [20, 22],
      set: { link: [heard('one'), heard('two')] },
    });
    let failed = '';
    await client.ask(
      {
        task: 'lab.explode',
        args: ['never'],
        set: { link_error: [{ task: 'drivers.mourn', set: { queue: 'python' } }] },
      },
      (id) => {
        failed = id;
      },
    );
    const deeds = await eventually('all were told', async () => {
      const found = (await fixture.python.deeds()).filter(
        ({ event }) => event === 'heard' || event === 'mourned',
      );
      return found.length >= 3 ? found : undefined;
    });
    assert.deepEqual(deeds.map(({ event, result, word, task }) => [event, result ?? task, word]).sort(), [
      ['heard', 42, 'one'],
      ['heard', 42, 'two'],
      ['mourned', failed, undefined],
    ]);
  });

  test('through us to Python and back: a Celery client calls a task of ours that a Celery worker carries out', async () => {
    const told = await client.ask({ task: 'drivers.echo', args: [], kwargs: { a: [1, null, 'ü'] } });
    assert.deepEqual(told.ok, { args: [], kwargs: { a: [1, null, 'ü'] } });
  });

  test('a flow of ours goes to Python and back, each step with the result of the one before', async () => {
    const { db } = fixture.database;
    const flow = await startFlow(
      db,
      chain([
        step(add, { x: 1, y: 2 }),
        step(scaled, { rotor: 'flow' }, { queue: 'lab', resultAs: 'seconds' }),
        step(keep, {}, { queue: 'lab', resultAs: 'what' }),
      ]),
    );
    const result = await eventually('the flow has ended', () =>
      resultOfFlow(db, flow.id).catch(() => undefined),
    );
    assert.deepEqual(result, { kept: { args: [], kwargs: { rotor: 'flow', seconds: 3 } } });
  });

  test('chords are refused in words', async () => {
    const taskId = randomUUID();
    await publish({ taskId, args: ['x'], embed: { chord: { task: 'lab.same' } } });
    assert.partialDeepStrictEqual(await answered(taskId), { status: 'FAILURE' });
    assert.equal(await count(taskId), 0);
  });

  test('an answer that was due when the process ended is given by the next one; cancelled is REVOKED', async () => {
    await ingress.stop();
    const taskId = randomUUID();
    // Between the end of the job and its answer there is no process.
    const waiting = client.ask({ task: 'lab.greet', args: ['patient'] });
    await eventually('it has arrived', async () => ((await messages('for-us')) === 1 ? true : undefined));
    await publish({ taskId, args: ['patient'] });
    ingress = await open();
    assert.equal((await waiting).ok, 'Grüß dich, patient!');
    await answered(taskId);
  });

  const age = command(
    'test.celery.age',
    `UPDATE celery_requests SET answered_at = now() - interval '8 days' WHERE task_id = ANY ($1::text[])`,
  );
  const known = async (id: string) =>
    (await fixture.database.db.first(request, [id])) === undefined ? 'swept' : 'kept';

  test('a request is swept when it was answered long ago and its job is gone', async () => {
    const { db } = fixture.database;
    const [refused, carriedOut, young] = [randomUUID(), randomUUID(), randomUUID()];
    await publish({ taskId: refused, task: 'lab.nobody' });
    await publish({ taskId: carriedOut, args: ['old'] });
    await publish({ taskId: young, task: 'lab.nobody' });
    await Promise.all([refused, carriedOut, young].map(answered));
    await db.execute(age, [[refused, carriedOut]]);
    assert.equal(await sweepRequests(db), 1);
    assert.deepEqual(await Promise.all([refused, carriedOut, young].map(known)), ['swept', 'kept', 'kept']);
  });

  const begunAndDied = command(
    'test.celery.begun',
    `WITH job AS (INSERT INTO jobs (queue, task, args, state, max_attempts, unique_key) VALUES ('x', 'x', '{}', 'ready', 1, 'celery:' || $1) RETURNING id)
     INSERT INTO celery_requests (task_id, retries, queue, celery_task, job_id, reply_to, root_id, embed, status, result, ended_at, linking_at)
     SELECT $1, 0, 'for-us', 'x', id, $2, $1, $3::jsonb, 'SUCCESS', '1', now(), now() - interval '2 minutes' FROM job`,
  );

  test('it is not known whether the next link was sent: it is not sent again, and its client is told', async () => {
    const taskId = randomUUID();
    const last = randomUUID();
    await fixture.broker.ask((channel) => channel.assertQueue('a-client', { durable: true }));
    const chain = [{ task: 'lab.greet', options: { task_id: last, reply_to: 'a-client', queue: 'for-us' } }];
    await fixture.database.db.execute(begunAndDied, [taskId, 'a-client', JSON.stringify({ chain })]);
    await answered(taskId);
    const got: Record<string, unknown>[] = [];
    const consumer = fixture.broker.consume('a-client', {
      prefetch: 10,
      onMessage: (delivery) => {
        got.push(JSON.parse(delivery.content.toString()));
        delivery.ack();
      },
    });
    await eventually('both are told', async () => got.length === 2 || undefined);
    await consumer.close();
    assert.partialDeepStrictEqual(got, [
      { task_id: last, status: 'FAILURE', result: { exc_type: 'UnknownOutcome' } },
      { task_id: taskId, status: 'SUCCESS', result: 1 },
    ]);
    assert.equal(await count(last), 0);
  });
});
