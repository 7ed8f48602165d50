import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { type AutoSettings, beginAuto, decide } from './decide.ts';

/*
 * A queue and its workers, simulated second by second: jobs arrive at random, each takes its time on one of the places, and a worker
 * that is started claims after a while.
 */

const settings: AutoSettings = { min: 1, max: 8, targetSeconds: 10, calmSeconds: 60, concurrency: 2 };
const startSeconds = 2;

interface Step {
  at: number;
  workers: number;
  backlog: number;
  reason: string | undefined;
}

function simulate(
  name: string,
  options: {
    seconds: number;
    perSecond: (at: number) => number;
    jobSeconds: () => number;
    settings?: AutoSettings;
  },
): Step[] {
  const random = seededRandom(name);
  const used = options.settings ?? settings;
  let state = beginAuto();
  let workers = used.min;
  let starting: number[] = [];
  let places: number[] = [];
  let backlog = 0;
  let done = 0;
  let busyMs = 0;
  const steps: Step[] = [];
  const tick = 0.1;
  for (let step = 0; step * tick < options.seconds; step += 1) {
    const at = step * tick;
    const expected = options.perSecond(at) * tick;
    backlog += Math.floor(expected) + (random.next() < expected % 1 ? 1 : 0);
    starting = starting.filter((ready) => ready > at);
    const ready = workers - starting.length;
    busyMs += places.length * tick * 1_000;
    places = places.map((left) => left - tick);
    const ended = places.filter((left) => left <= 0).length;
    done += ended;
    places = places.filter((left) => left > 0);
    while (places.length < ready * used.concurrency && backlog > 0) {
      backlog -= 1;
      places.push(options.jobSeconds() * (0.5 + random.next()));
    }
    if (step % 10 !== 0) continue;
    const next = decide(state, { at, workers, ready, backlog, done, busyMs }, used);
    state = next.state;
    for (let more = workers; more < next.decision.workers; more += 1) starting.push(at + startSeconds);
    workers = next.decision.workers;
    steps.push({ at, workers, backlog, reason: next.decision.reason });
  }
  return steps;
}

/** Changes of direction: up after down, or down after up. */
function turns(steps: readonly Step[]): number {
  const moves = steps.flatMap(({ workers }, index) => {
    const before = steps[index - 1]?.workers ?? workers;
    return workers === before ? [] : [Math.sign(workers - before)];
  });
  return moves.filter((move, index) => index > 0 && move !== moves[index - 1]).length;
}
const after = (steps: readonly Step[], at: number) => steps.filter((step) => step.at >= at);

for (const load of [0.4, 1.9, 2.5, 2.95, 3.05, 4.6])
  test(`a steady load of ${load} workers: found, kept, never up and down`, () => {
    const steps = simulate(`steady ${load}`, {
      seconds: 3_600,
      perSecond: () => load * settings.concurrency,
      jobSeconds: () => 1,
    });
    const settled = after(steps, 900);
    assert.ok(turns(settled) <= 1, `turned ${turns(settled)} times`);
    assert.ok(turns(steps) <= 3, `turned ${turns(steps)} times in all`);
    const { workers } = settled.at(-1) ?? assert.fail();
    assert.ok(workers >= Math.ceil(load) && workers <= Math.ceil(load / 0.75) + 1, `${workers} workers`);
    assert.ok(Math.max(...settled.map(({ backlog }) => backlog)) < load * settings.concurrency * 25);
  });

test('a burst is met within the target, and the workers go again when it is calm', () => {
  const steps = simulate('burst', {
    seconds: 900,
    // 34 a second keep eight workers and a half busy: however they come, all are needed.
    perSecond: (at) => (at >= 60 && at < 90 ? 34 : 0.2),
    jobSeconds: () => 0.5,
  });
  const most = Math.max(...steps.map(({ workers }) => workers));
  assert.equal(most, settings.max);
  const gone = steps.find(({ at, backlog }) => at > 90 && backlog === 0);
  assert.ok(gone && gone.at < 125, `the backlog was gone at ${gone?.at}`);
  const firstDown = steps.find(({ at, workers }) => at > 90 && workers < most);
  assert.ok(
    firstDown && firstDown.at > (gone?.at ?? 0) + settings.calmSeconds - 2,
    'taken away before it was calm',
  );
  assert.equal(steps.at(-1)?.workers, settings.min);
  assert.equal(turns(steps), 1);
  for (const { reason } of steps) if (reason) assert.match(reason, /^(\d[\d,]* jobs|one job) wait|^calm: /);
});

test('bursts that come each half minute keep the workers that they need', () => {
  const steps = simulate('bursts', {
    seconds: 1_800,
    perSecond: (at) => (at % 30 < 5 ? 24 : 0),
    jobSeconds: () => 0.5,
  });
  assert.ok(turns(after(steps, 300)) <= 2, `turned ${turns(after(steps, 300))} times`);
});

test('jobs longer than all looks: more workers though none has ended, none taken away while they work', () => {
  const steps = simulate('long', {
    seconds: 1_000,
    perSecond: (at) => (at < 5 ? 10 : 0),
    jobSeconds: () => 400,
  });
  assert.ok(Math.max(...steps.map(({ workers }) => workers)) >= 4);
  const busy = steps.filter(({ at }) => at > 60 && at < 180);
  assert.equal(turns(busy), 0);
});

test('from nothing: the first job starts a worker, and a silent queue ends the last', () => {
  const steps = simulate('from nothing', {
    seconds: 400,
    perSecond: (at) => (at >= 10 && at < 15 ? 10 : 0),
    jobSeconds: () => 0.3,
    settings: { ...settings, min: 0 },
  });
  assert.equal(steps[5]?.workers, 0);
  assert.ok(steps.some(({ at, workers }) => at <= 11 && workers === 1));
  assert.equal(steps.at(-1)?.workers, 0);
});

test('the bounds hold, whatever was there before', () => {
  const sample = { at: 0, ready: 12, backlog: 0, done: 0, busyMs: 0 };
  assert.equal(decide(beginAuto(), { ...sample, workers: 12 }, settings).decision.workers, 8);
  assert.equal(decide(beginAuto(), { ...sample, workers: 0 }, settings).decision.workers, 1);
});
