import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { type Due, dueTicks, graceMs, type MissedPolicy, mostMissed } from './missed.ts';
import { checkRule, InvalidSchedule, lastTicks, nextTick, type Rule } from './rule.ts';

const minute = 60_000;
const iso = (dates: readonly Date[]) => dates.map((date) => date.toISOString().slice(0, 16));

function ticks(cron: string, zone: string, from: string, count: number): string[] {
  const found: Date[] = [];
  for (let at: Date | undefined = new Date(from); found.length < count; ) {
    at = nextTick({ cron, zone }, at);
    if (!at) break;
    found.push(at);
  }
  return iso(found);
}

test('Europe/Berlin: the hour that is left out, and the one that comes twice', () => {
  const spring = '2026-03-28T12:00Z';
  assert.deepEqual(ticks('30 2 * * *', 'Europe/Berlin', spring, 2), ['2026-03-29T01:00', '2026-03-30T00:30']);
  assert.deepEqual(ticks('0 2,14 * * *', 'Europe/Berlin', spring, 3), [
    '2026-03-28T13:00',
    '2026-03-29T01:00',
    '2026-03-29T12:00',
  ]);
  assert.deepEqual(ticks('*/30 2,3 * * *', 'Europe/Berlin', spring, 3), [
    '2026-03-29T01:00',
    '2026-03-29T01:30',
    '2026-03-30T00:00',
  ]);
  const autumn = '2026-10-24T12:00Z';
  assert.deepEqual(ticks('30 2 * * *', 'Europe/Berlin', autumn, 2), ['2026-10-25T00:30', '2026-10-26T01:30']);
  assert.deepEqual(ticks('0 * * * *', 'Europe/Berlin', '2026-10-24T23:30Z', 3), [
    '2026-10-25T00:00',
    '2026-10-25T01:00',
    '2026-10-25T02:00',
  ]);
});

test('America/New_York: the hour that is left out, and the one that comes twice', () => {
  assert.deepEqual(ticks('30 2 * * *', 'America/New_York', '2026-03-07T12:00Z', 2), [
    '2026-03-08T07:00',
    '2026-03-09T06:30',
  ]);
  assert.deepEqual(ticks('30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', 2), [
    '2026-11-01T05:30',
    '2026-11-02T06:30',
  ]);
  assert.deepEqual(ticks('*/30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', 5), [
    '2026-11-01T05:00',
    '2026-11-01T05:30',
    '2026-11-01T06:00',
    '2026-11-01T06:30',
    '2026-11-02T06:00',
  ]);
});

test('what cannot be read is refused in words', () => {
  for (const [rule, message] of [
    [{ cron: '* * * *', zone: 'UTC' }, /"\* \* \* \*" is no cron expression/],
    [{ cron: '61 * * * *', zone: 'UTC' }, /is no cron expression/],
    [{ cron: '0 0 * * *', zone: 'Mars/Olympus' }, /is no time zone/],
    [{ everyMs: 999, anchor: new Date() }, /1000 or more/],
  ] as const)
    assert.throws(
      () => checkRule(rule),
      (error) => error instanceof InvalidSchedule && message.test(error.message),
    );
  assert.equal(nextTick({ cron: '0 0 30 2 *', zone: 'UTC' }, new Date()), undefined);
});

/** The clock of a wall, and whether each field of a cron expression holds it: numbers, lists, ranges, `*` and steps. */
const walls = new Map<string, Intl.DateTimeFormat>();
function wall(at: number, zone: string) {
  const format =
    walls.get(zone) ??
    new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
    });
  walls.set(zone, format);
  const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, Number(value)]));
  const { year = 0, month = 0, day = 0, hour = 0, minute: minutes = 0 } = parts;
  return Date.UTC(year, month - 1, day, hour, minutes);
}
const holds = (field: string, value: number) =>
  field.split(',').some((part) => {
    const [range = '', step = '1'] = part.split('/');
    const [from = 0, to = from] = range === '*' ? [0, 59] : range.split('-').map(Number);
    return value >= from && value <= to && (value - (range === '*' ? 0 : from)) % Number(step) === 0;
  });

/** All ticks from `from` (included) to `to`, by looking at each minute of the wall's clock: the definition, slowly. */
function model(cron: string, zone: string, from: number, to: number): number[] {
  const [minutes = '', hours = '', days = '', , weekdays = ''] = cron.split(' ');
  const shown = (at: number) => {
    const date = new Date(at);
    const day = days === '*' || holds(days, date.getUTCDate());
    const weekday = weekdays === '*' || holds(weekdays, date.getUTCDay());
    const today =
      days !== '*' && weekdays !== '*'
        ? holds(days, date.getUTCDate()) || holds(weekdays, date.getUTCDay())
        : day && weekday;
    return today && holds(minutes, date.getUTCMinutes()) && holds(hours, date.getUTCHours());
  };
  const found = new Set<number>();
  const seen = new Set<number>();
  const fixed = !/[*/]/.test(`${minutes} ${hours}`);
  const early = from - 24 * 60 * minute;
  for (let at = early, before = wall(early - minute, zone); at < to; at += minute) {
    const now = wall(at, zone);
    if (fixed) {
      // What the clock leaves out comes now; what it has shown before does not count again.
      for (let leftOut = before + minute; leftOut < now; leftOut += minute) if (shown(leftOut)) found.add(at);
      if (shown(now) && !seen.has(now)) found.add(at);
      seen.add(now);
    } else if (shown(now)) found.add(at);
    before = now;
  }
  return [...found].filter((at) => at >= from).sort((a, b) => a - b);
}

test('random expressions around the days of change tick as the model says, forwards and backwards', () => {
  const random = seededRandom('cron');
  const pick = <T>(list: readonly T[]): T => list[random.below(list.length)] as T;
  const numbers = (below: number) => [random.below(below), random.below(below)].sort((a, b) => a - b);
  const field = (below: number) =>
    pick([
      () => '*',
      () => `*/${1 + random.below(below / 2)}`,
      () => String(random.below(below)),
      () => numbers(below).join(','),
      () => numbers(below).join('-'),
    ])();
  for (let round = 0; round < 150; round += 1) {
    const [zone, days] = pick([
      ['Europe/Berlin', ['2026-03-28', '2026-10-24', '2026-06-30']],
      ['America/New_York', ['2026-03-07', '2026-10-31', '2026-12-30']],
      ['Australia/Lord_Howe', ['2026-04-04', '2026-10-03']],
    ] as const);
    const hour = pick([() => field(24), () => pick(['1', '2', '2,3', '1-3', '0,2', '2,14'])])();
    const cron = `${field(60)} ${hour} ${pick(['*', '*', '1,29,8', '24-31'])} * ${pick(['*', '*', '0', '0,6'])}`;
    const from = Date.parse(`${pick(days)}T00:00Z`) + random.below(48 * 60) * minute;
    const to = from + 30 * 60 * minute;
    const expected = model(cron, zone, from + minute, to);
    const rule = { cron, zone };
    const forwards: number[] = [];
    for (let at = nextTick(rule, new Date(from)); at && at.getTime() < to; at = nextTick(rule, at))
      forwards.push(at.getTime());
    const what = `${cron} in ${zone} from ${new Date(from).toISOString()}`;
    assert.deepEqual(iso(forwards.map((at) => new Date(at))), iso(expected.map((at) => new Date(at))), what);
    const backwards = lastTicks(rule, new Date(to - 1), Math.min(expected.length, 50));
    assert.deepEqual(
      iso(backwards),
      iso(expected.slice(-50).map((at) => new Date(at))),
      `${what}, backwards`,
    );
  }
});

test('missed ticks: each policy does what a list of all ticks says', () => {
  const random = seededRandom('missed');
  for (let round = 0; round < 40; round += 1) {
    const everyMs = 1_000 * (1 + random.below(200));
    const anchor = new Date(Date.UTC(2026, 0, 1) + random.below(1_000_000));
    const rule: Rule =
      random.next() < 0.5 ? { everyMs, anchor } : { cron: `*/${1 + random.below(9)} * * * *`, zone: 'UTC' };
    const first = random.below(40);
    const seen = first + random.below(random.next() < 0.2 ? mostMissed + 90 : 30);
    const all: Date[] = [];
    for (let at = nextTick(rule, anchor); at && all.length < seen + 2; at = nextTick(rule, at)) all.push(at);
    const nextAt = all[first] as Date;
    const now = new Date((all[seen] as Date).getTime() + random.below(900));
    const due = all.slice(first, seen + 1);
    const last = due.at(-1) as Date;
    const expected = {
      one: [{ at: last, since: due.length > 1 ? nextAt : null }],
      skip: now.getTime() - last.getTime() > graceMs ? [] : [{ at: last, since: null }],
      all: due.slice(-mostMissed).map((at) => ({ at, since: null })),
    } satisfies Record<MissedPolicy, Due['ticks']>;
    for (const policy of ['one', 'skip', 'all'] as const)
      assert.deepEqual(dueTicks(rule, policy, nextAt, now), { ticks: expected[policy], next: all[seen + 1] });
  }
  const daily = { cron: '0 6 * * *', zone: 'UTC' };
  const sixOClock = new Date('2026-05-01T06:00Z');
  const late = (ms: number) =>
    dueTicks(daily, 'skip', sixOClock, new Date(sixOClock.getTime() + ms)).ticks.length;
  assert.deepEqual([late(graceMs), late(graceMs + 1)], [1, 0]);
});
