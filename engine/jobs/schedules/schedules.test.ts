import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
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
  createWorker,
  defineSchedule,
  defineTask,
  findJob,
  handle,
  InvalidArgs,
  InvalidSchedule,
  jobsMigrations,
  listSchedules,
  pauseSchedule,
  putSchedule,
  putSchedules,
  resumeSchedule,
  runDueSchedules,
  runNow,
  ScheduleTaken,
  Tick,
} from '../index.ts';
import { postgresTransport } from '../transports/postgres/index.ts';
import { graceMs, type MissedPolicy } from './missed.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const report = defineTask({
  name: 'report',
  args: Type.Object({ kind: Type.String(), tick: Type.Optional(Tick) }),
  queue: 'reports',
});

const Made = Type.Object({
  id: Type.String(),
  args: Type.Object({ tick: Type.Optional(Tick) }),
  state: Type.String(),
  key: Type.Union([Type.String(), Type.Null()]),
});
const made = rows(
  'test.schedules.made',
  Made,
  `SELECT id, args, state::text AS state, key FROM jobs WHERE args->'tick'->>'schedule' = $1 ORDER BY id`,
);
const end = command('test.schedules.end', `UPDATE jobs SET state = 'succeeded' WHERE id = $1`);
const spoil = command('test.schedules.spoil', `UPDATE job_schedules SET cron = 'nonsense' WHERE name = $1`);

const ticksOf = async (name: string) =>
  (await database.db.query(made, [name])).map(({ args }) => args.tick?.at.slice(0, 19));
const rowOf = async (name: string) => (await listSchedules(database.db)).find((row) => row.name === name);

let names = 0;
const freshName = () => `schedule ${++names}`;
const args = { kind: 'all' };

test('a schedule that cannot be is refused before it is stored', () => {
  const given = { name: 'x', task: report, args };
  assert.throws(() => defineSchedule({ ...given, cron: 'never' }), InvalidSchedule);
  assert.throws(() => defineSchedule(given), InvalidSchedule);
  assert.throws(() => defineSchedule({ ...given, cron: '* * * * *', everyMs: 5_000 }), InvalidSchedule);
  assert.throws(() => defineSchedule({ ...given, everyMs: 5_000, zone: 'UTC' }), InvalidSchedule);
  assert.throws(() => defineSchedule({ ...given, everyMs: 5_000, tickIn: 'kind' }), InvalidArgs);
  assert.throws(() => defineSchedule({ ...given, everyMs: 5_000, priority: 1_000 }), InvalidArgs);
});

test('stored anew at each start: what did not change keeps its next tick, a new rule counts from now', async () => {
  const { db } = database;
  const name = freshName();
  const clock = manualClock(Date.parse('2026-05-01T00:00Z'));
  const daily = { name, task: report, args, cron: '0 6 * * *', zone: 'Europe/Berlin' };
  await putSchedule(db, defineSchedule(daily), { clock });
  assert.equal((await rowOf(name))?.next_at, '2026-05-01T04:00:00Z');
  await clock.advance(24 * 3_600_000);
  await putSchedule(db, defineSchedule({ ...daily, priority: 3 }), { clock });
  assert.partialDeepStrictEqual(await rowOf(name), { next_at: '2026-05-01T04:00:00Z', priority: 3 });
  await putSchedule(db, defineSchedule({ ...daily, cron: '0 7 * * *' }), { clock });
  assert.equal((await rowOf(name))?.next_at, '2026-05-02T05:00:00Z');
  await putSchedule(db, defineSchedule({ name, task: report, args, everyMs: 60_000 }), { clock });
  await clock.advance(1_000);
  await putSchedule(db, defineSchedule({ name, task: report, args, everyMs: 60_000 }), { clock });
  assert.equal((await rowOf(name))?.next_at, '2026-05-02T00:01:00Z');
});

test('what its owner declares no more is disabled, and another owner cannot take its name', async () => {
  const { db } = database;
  const clock = manualClock(Date.parse('2026-05-01T00:00Z'));
  const [one, two] = [freshName(), freshName()];
  const of = (name: string) => defineSchedule({ name, task: report, args, tickIn: 'tick', everyMs: 60_000 });
  await putSchedules(db, 'a', [of(one), of(two)], { clock });
  assert.deepEqual(await putSchedules(db, 'a', [of(two)], { clock }), { disabled: [one] });
  await assert.rejects(putSchedules(db, 'b', [of(two)], { clock }), ScheduleTaken);
  assert.deepEqual((await rowOf(two))?.enabled, true);
  await clock.advance(300_000);
  await runDueSchedules(db, { log: silentLog, clock });
  assert.deepEqual(await ticksOf(one), []);
  assert.deepEqual(await ticksOf(two), ['2026-05-01T00:05:00']);
  // Back again, it counts from now: what came in between was not missed.
  await putSchedules(db, 'a', [of(one), of(two)], { clock });
  await runDueSchedules(db, { log: silentLog, clock });
  assert.deepEqual(await ticksOf(one), []);
});

test('paused it makes nothing; resumed, it counts from then; runNow works all the time', async () => {
  const { db } = database;
  const name = freshName();
  const clock = manualClock(Date.parse('2026-05-01T00:00Z'));
  await putSchedule(db, defineSchedule({ name, task: report, args, tickIn: 'tick', everyMs: 60_000 }), {
    clock,
  });
  assert.equal(await pauseSchedule(db, name), true);
  await clock.advance(150_000);
  await runDueSchedules(db, { log: silentLog, clock });
  assert.deepEqual(await ticksOf(name), []);
  const now = await runNow(db, name, { clock });
  assert.equal(now?.fresh, true);
  assert.deepEqual(await ticksOf(name), ['2026-05-01T00:02:30']);
  assert.equal(await resumeSchedule(db, name, { clock }), true);
  await clock.advance(40_000);
  await runDueSchedules(db, { log: silentLog, clock });
  assert.deepEqual(await ticksOf(name), ['2026-05-01T00:02:30', '2026-05-01T00:03:00']);
  assert.deepEqual(
    [await pauseSchedule(db, 'none'), await resumeSchedule(db, 'none'), await runNow(db, 'none')],
    [false, false, undefined],
  );
});

test('overlap: beside it, not at all, or behind it', async () => {
  const { db } = database;
  const clock = manualClock(Date.parse('2026-05-01T00:00Z'));
  const by = { allow: freshName(), skip: freshName(), queue: freshName() };
  for (const overlap of ['allow', 'skip', 'queue'] as const)
    await putSchedule(
      db,
      defineSchedule({ name: by[overlap], task: report, args, tickIn: 'tick', everyMs: 60_000, overlap }),
      { clock },
    );
  const minutes = async (count: number) => {
    for (let passed = 0; passed < count; passed += 1) {
      await clock.advance(60_000);
      await runDueSchedules(db, { log: silentLog, clock });
    }
  };
  await minutes(3);
  assert.equal((await ticksOf(by.allow)).length, 3);
  assert.deepEqual(await ticksOf(by.skip), ['2026-05-01T00:01:00']);
  assert.equal((await rowOf(by.skip))?.skipped, '2');
  const [first] = await db.query(made, [by.skip]);
  assert.deepEqual(await runNow(db, by.skip, { clock }), { id: first?.id, fresh: false });
  await db.execute(end, [first?.id]);
  await minutes(1);
  assert.deepEqual(await ticksOf(by.skip), ['2026-05-01T00:01:00', '2026-05-01T00:04:00']);
  const queued = await db.query(made, [by.queue]);
  assert.equal(queued.length, 4);
  assert.deepEqual(new Set(queued.map(({ key }) => key)), new Set([`schedule:${by.queue}`]));
});

test('a schedule that cannot be read stops by itself, and no other with it', async () => {
  const { db } = database;
  const clock = manualClock(Date.parse('2026-05-01T00:00Z'));
  const [bad, good] = [freshName(), freshName()];
  for (const name of [bad, good])
    await putSchedule(db, defineSchedule({ name, task: report, args, tickIn: 'tick', cron: '* * * * *' }), {
      clock,
    });
  await db.execute(spoil, [bad]);
  await clock.advance(60_000);
  await runDueSchedules(db, { log: silentLog, clock });
  assert.match((await rowOf(bad))?.fault ?? '', /nonsense/);
  assert.deepEqual(await ticksOf(good), ['2026-05-01T00:01:00']);
  await putSchedule(db, defineSchedule({ name: bad, task: report, args, cron: '* * * * *' }), { clock });
  assert.partialDeepStrictEqual(await rowOf(bad), { fault: null, next_at: '2026-05-01T00:02:00Z' });
});

test('random schedules, several that tick at once, now and then nobody for hours: as the model says', async () => {
  const { db } = database;
  const random = seededRandom('schedules');
  const start = Date.parse('2026-10-24T18:00Z');
  const clock = manualClock(start);
  const policies = ['skip', 'one', 'all'] as const;
  const schedules = Array.from({ length: 9 }, (_, index) => ({
    name: freshName(),
    missed: policies[index % 3] as MissedPolicy,
    everyMs: 1_000 * (20 + random.below(400)),
    expected: [] as string[],
    seen: start,
  }));
  for (const { expected: _, seen: __, ...own } of schedules)
    await putSchedule(db, defineSchedule({ ...own, task: report, args, tickIn: 'tick' }), { clock });
  for (let round = 0; round < 40; round += 1) {
    await clock.advance(random.next() < 0.15 ? random.below(4 * 3_600_000) : random.below(120_000));
    await Promise.all(
      Array.from({ length: 1 + random.below(4) }, () => runDueSchedules(db, { log: silentLog, clock })),
    );
    // One of them may have gone away because others were at it; whoever comes next finds nothing left.
    await runDueSchedules(db, { log: silentLog, clock });
    for (const schedule of schedules) {
      const { everyMs, missed, expected } = schedule;
      const due: number[] = [];
      for (let at = start; at <= clock.now(); at += everyMs) if (at > schedule.seen) due.push(at);
      schedule.seen = clock.now();
      const last = due.at(-1);
      if (last === undefined) continue;
      const run = missed === 'all' ? due : missed === 'one' || clock.now() - last <= graceMs ? [last] : [];
      expected.push(...run.map((at) => new Date(at).toISOString().slice(0, 19)));
    }
  }
  for (const { name, expected, missed, everyMs } of schedules)
    assert.deepEqual(await ticksOf(name), expected, `${missed}, each ${everyMs} ms`);
});

test('three processes tick at once and are killed: each tick has one job', async () => {
  const name = freshName();
  const { db } = database;
  await putSchedule(
    db,
    defineSchedule({ name, task: report, args, tickIn: 'tick', everyMs: 1_000, missed: 'all' }),
  );
  const start = () => spawnScript(import.meta.resolve('./testing/process.ts'), {}, { args: [database.url] });
  const processes = [start(), start(), start()];
  for (let killed = 0; killed < 3; killed += 1) {
    const before = (await ticksOf(name)).length;
    await eventually('it has ticked', async () => (await ticksOf(name)).length > before + 1 || undefined);
    await processes.shift()?.kill('SIGKILL');
    processes.push(start());
  }
  for (const one of processes) {
    await one.wrote(/ticking/);
    one.child.kill('SIGTERM');
  }
  for (const one of processes) assert.equal(await one.ended, 0);
  const ticks = await ticksOf(name);
  const first = Date.parse(`${ticks[0]}Z`);
  assert.ok(ticks.length >= 6);
  assert.deepEqual(
    ticks,
    ticks.map((_, index) => new Date(first + index * 1_000).toISOString().slice(0, 19)),
  );
});

test('a worker runs what is due, at most a second late, and its handler is told the tick', async () => {
  const { db } = database;
  const name = freshName();
  const told: { late: number; tick: Tick | undefined }[] = [];
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: [name],
    handlers: [
      handle(report, async ({ tick }) => {
        told.push({ late: Date.now() - Date.parse(tick?.at ?? ''), tick });
      }),
    ],
  });
  await worker.start();
  const schedule = defineSchedule({ name, task: report, args, tickIn: 'tick', everyMs: 1_000, queue: name });
  await putSchedule(db, schedule);
  await eventually('it ran three times', async () => told.length >= 3 || undefined);
  await worker.stop();
  // Of several ticks one at least: the machine may be busy.
  assert.ok(Math.min(...told.map(({ late }) => late)) < 1_000, JSON.stringify(told));
  assert.equal(told[0]?.tick?.schedule, name);
  const last = (await rowOf(name))?.last_job;
  assert.equal((await findJob(db, last ?? ''))?.task, 'report');
});
