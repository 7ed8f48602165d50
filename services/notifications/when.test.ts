import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { defaultHours, type Hours, isQuiet, isTimeZone, localTime, whenToTell } from './when.ts';

const berlin: Hours = {
  time_zone: 'Europe/Berlin',
  quiet_from: '22:00',
  quiet_until: '07:00',
  digest_at: '08:00',
};
const at = (iso: string) => Date.parse(iso);
const iso = (ms: number) => new Date(ms).toISOString();

test('quiet hours over midnight are those of the time zone, from the first minute to the last', () => {
  // Winter: one hour ahead of UTC.
  for (const [time, quiet] of [
    ['2026-01-10T20:59:59Z', false],
    ['2026-01-10T21:00:00Z', true],
    ['2026-01-11T05:59:59Z', true],
    ['2026-01-11T06:00:00Z', false],
    // Summer: two.
    ['2026-07-10T20:00:00Z', true],
    ['2026-07-11T05:00:00Z', false],
  ] as const)
    assert.equal(isQuiet(at(time), berlin), quiet, time);
});

test('quiet hours within a day', () => {
  const noon = { ...berlin, quiet_from: '12:00', quiet_until: '13:00' };
  assert.equal(isQuiet(at('2026-01-10T11:30:00Z'), noon), true);
  assert.equal(isQuiet(at('2026-01-10T12:00:00Z'), noon), false);
  assert.equal(isQuiet(at('2026-01-10T23:00:00Z'), noon), false);
});

test('what comes in quiet hours leaves at their end; what is critical leaves at once', () => {
  const night = at('2026-01-10T23:00:00Z');
  assert.deepEqual(whenToTell(night, berlin, 'warning', 'none'), {
    at: at('2026-01-11T06:00:00Z'),
    collected: false,
  });
  assert.deepEqual(whenToTell(night, berlin, 'critical', 'daily'), { at: night, collected: false });
  const day = at('2026-01-10T12:00:00Z');
  assert.deepEqual(whenToTell(day, berlin, 'info', 'none'), { at: day, collected: false });
});

test('the end of quiet hours on the night when clocks jump over it is the first moment after it', () => {
  // 2026-03-29 in Berlin: 02:00 is followed by 03:00.
  const hours = { ...berlin, quiet_until: '02:30' };
  const told = whenToTell(at('2026-03-29T00:00:00Z'), hours, 'info', 'none').at;
  assert.ok(told >= at('2026-03-29T01:00:00Z') && told <= at('2026-03-29T01:30:00Z'), iso(told));
  assert.equal(isQuiet(told, hours), false);
});

test('digests: on the hour, each day at the time of the person, and never in quiet hours', () => {
  assert.deepEqual(whenToTell(at('2026-01-10T12:20:00Z'), berlin, 'info', 'hourly'), {
    at: at('2026-01-10T13:00:00Z'),
    collected: true,
  });
  // On the hour itself the next one is meant: the digest of this one may be on its way.
  assert.equal(
    whenToTell(at('2026-01-10T12:00:00Z'), defaultHours, 'info', 'hourly').at,
    at('2026-01-10T13:00:00Z'),
  );
  assert.equal(
    whenToTell(at('2026-01-10T12:20:00Z'), berlin, 'info', 'daily').at,
    at('2026-01-11T07:00:00Z'),
  );
  assert.equal(
    whenToTell(at('2026-01-10T22:20:00Z'), berlin, 'info', 'hourly').at,
    at('2026-01-11T06:00:00Z'),
  );
  const kolkata = { ...defaultHours, time_zone: 'Asia/Kolkata' };
  assert.equal(
    whenToTell(at('2026-01-10T12:20:00Z'), kolkata, 'info', 'hourly').at,
    at('2026-01-10T12:30:00Z'),
  );
});

test('anywhere, at any time: nothing leaves in quiet hours, too early, or more than two days late', () => {
  const random = seededRandom('quiet hours');
  const zones = [
    'UTC',
    'Europe/Berlin',
    'America/New_York',
    'Asia/Kolkata',
    'Australia/Lord_Howe',
    'Pacific/Apia',
  ];
  const time = () =>
    `${String(random.below(24)).padStart(2, '0')}:${String(random.below(60)).padStart(2, '0')}`;
  for (let round = 0; round < 2_000; round += 1) {
    const [quiet_from, quiet_until] = [time(), time()];
    if (quiet_from === quiet_until) continue;
    const zone = zones[random.below(zones.length)] as string;
    const hours = { time_zone: zone, quiet_from, quiet_until, digest_at: time() };
    const now = at('2026-01-01T00:00:00Z') + random.below(365 * 86_400) * 1_000;
    const digest = (['none', 'hourly', 'daily'] as const)[random.below(3)] ?? 'none';
    const told = whenToTell(now, hours, 'warning', digest);
    const what = JSON.stringify({
      now: iso(now),
      hours,
      digest,
      told: iso(told.at),
      local: localTime(told.at, zone),
    });
    assert.ok(told.at >= now, what);
    assert.ok(told.at <= now + 2 * 86_400_000 + 3_600_000, what);
    assert.equal(isQuiet(told.at, hours), false, what);
  }
});

test('time zones are those of the IANA database', () => {
  assert.ok(isTimeZone('Europe/Berlin'));
  assert.ok(!isTimeZone('Europe/Atlantis'));
});
