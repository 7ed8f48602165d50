import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Clock, type ManualClock, manualClock } from '@labwright/kernel/clock';
import { eventually, seededRandom } from '@labwright/kernel/testing';
import { type Limit, slices, slidingWindow, tokenBucket } from '../limit.ts';
import { type Check, type LimitStore, passed, type Standing } from '../store.ts';
import { createModel } from './model.ts';

/** A store to test: the same counts by way of several connections, as several processes have them. */
export interface StoreUnderTest {
  /** Without a clock: by the store's own. */
  open(clock?: Clock): Promise<LimitStore>;
  /** How many keys it keeps. */
  size(): Promise<number>;
  close(): Promise<void>;
}

const second = 1_000_000;
const usOf = (clock: Clock) => Math.floor(clock.now() * 1_000);

/** What every store promises. `setUp` is called once. */
export function testLimitStore(name: string, setUp: () => Promise<StoreUnderTest>): void {
  describe(`limits in ${name}`, () => {
    let under: StoreUnderTest;
    let clock: ManualClock;
    let one: LimitStore;
    let other: LimitStore;
    let keys = 0;
    let putBackMs = 0;
    const fresh = () => `key ${++keys} ä "'$\`{}`;

    before(async () => {
      under = await setUp();
      clock = manualClock(Date.now());
      const shown: Clock = { ...clock, now: () => clock.now() - putBackMs };
      one = await under.open(shown);
      other = await under.open(shown);
    });
    after(async () => {
      await one.close();
      await other.close();
      await under.close();
    });

    const ask = async (store: LimitStore, key: string, limit: Limit, cost = 1): Promise<Standing> => {
      const [standing] = await store.take([{ key, limit, cost }]);
      assert.ok(standing);
      return standing;
    };

    test('a bucket: its burst at once, then one by one as it fills', async () => {
      const key = fresh();
      const limit = tokenBucket({ rate: 2, seconds: 60, burst: 3 });
      assert.deepEqual(await ask(one, key, limit), { remaining: 2, waitUs: 0, wholeUs: 30 * second });
      assert.deepEqual(await ask(other, key, limit, 2), { remaining: 0, waitUs: 0, wholeUs: 90 * second });
      const refused = { remaining: 0, waitUs: 30 * second, wholeUs: 90 * second };
      assert.deepEqual(await ask(one, key, limit), refused);
      assert.deepEqual(await ask(other, key, limit), refused, 'a refusal must cost nothing');
      assert.equal((await ask(one, key, limit, 3)).waitUs, 90 * second);
      await clock.advance(29_999);
      assert.equal((await ask(one, key, limit)).waitUs, 1_000);
      await clock.advance(1);
      assert.deepEqual(await ask(one, key, limit), { remaining: 0, waitUs: 0, wholeUs: 90 * second });
      await clock.advance(3_600_000);
      assert.equal((await ask(one, key, limit)).remaining, 2, 'it never holds more than its burst');
    });

    test('a window: never more than its number in any of its length, free again when the slice has left it', async () => {
      const key = fresh();
      const limit = slidingWindow({ most: 3, seconds: 100 });
      // To the beginning of a slice, so that the numbers below are whole.
      await clock.advance(10_000 - (clock.now() % 10_000));
      assert.deepEqual(await ask(one, key, limit), { remaining: 2, waitUs: 0, wholeUs: 110 * second });
      await clock.advance(50_000);
      assert.deepEqual(await ask(other, key, limit, 2), { remaining: 0, waitUs: 0, wholeUs: 110 * second });
      assert.deepEqual(await ask(one, key, limit), {
        remaining: 0,
        waitUs: 60 * second,
        wholeUs: 110 * second,
      });
      assert.equal((await ask(one, key, limit, 2)).waitUs, 110 * second);
      await clock.advance(60_000);
      assert.equal((await ask(one, key, limit)).waitUs, 0);
      assert.equal((await ask(one, key, limit)).waitUs, 50 * second);
      await clock.advance(3_600_000);
      assert.equal((await ask(one, key, limit)).remaining, 2);
    });

    test('all checks pass and all are charged, or none is', async () => {
      const [wide, narrow] = [fresh(), fresh()];
      const many = tokenBucket({ rate: 10, seconds: 60 });
      const few = slidingWindow({ most: 2, seconds: 60 });
      const both = (store: LimitStore, turned = false) => {
        const checks: Check[] = [
          { key: wide, limit: many, cost: 1 },
          { key: narrow, limit: few, cost: 1 },
        ];
        return store.take(turned ? checks.reverse() : checks);
      };
      assert.ok(passed(await both(one)));
      const [second, first] = await both(other, true);
      assert.deepEqual([first?.remaining, second?.remaining], [8, 0], 'the standings are in the order asked');
      const refused = await both(one);
      assert.ok(!passed(refused));
      assert.equal(refused[0]?.waitUs, 0);
      assert.ok((refused[1]?.waitUs ?? 0) > 0);
      assert.equal(
        (await ask(one, wide, many)).remaining,
        7,
        'what passed was charged although the other did not',
      );
    });

    test('what is forgotten has everything again; nobody else has', async () => {
      const [key, neighbour] = [fresh(), fresh()];
      const limit = tokenBucket({ rate: 1, seconds: 3_600 });
      await ask(one, key, limit);
      await ask(one, neighbour, limit);
      await other.forget(key);
      assert.equal((await ask(one, key, limit)).waitUs, 0);
      assert.ok((await ask(one, neighbour, limit)).waitUs > 0);
    });

    test('a clock that is put back gives nothing away, and heals', async () => {
      for (const limit of [tokenBucket({ rate: 2, seconds: 60 }), slidingWindow({ most: 2, seconds: 60 })]) {
        const key = fresh();
        assert.equal((await ask(one, key, limit, 2)).remaining, 0);
        putBackMs = 30_000;
        const late = await ask(other, key, limit);
        assert.equal(late.remaining, 0);
        assert.ok(late.waitUs >= 60 * second, `${limit.kind}: ${late.waitUs}`);
        putBackMs = 0;
        await clock.advance(70_000);
        assert.equal((await ask(one, key, limit)).waitUs, 0);
      }
    });

    test('what is whole again is not kept', async () => {
      const before = await under.size();
      const limit = tokenBucket({ rate: 1, seconds: 2 });
      for (let each = 0; each < 20; each += 1) await ask(one, fresh(), limit);
      assert.ok((await under.size()) >= 20);
      await clock.advance(86_400_000);
      await eventually('they are gone', async () => {
        await one.sweep();
        return (await under.size()) <= before ? true : undefined;
      });
    });

    test('by its own clock: refused, and let in when the time that it named is over', async () => {
      const real = await under.open();
      for (const limit of [tokenBucket({ rate: 1, seconds: 1 }), slidingWindow({ most: 1, seconds: 0.5 })]) {
        const key = fresh();
        const askedAt = performance.now();
        assert.equal((await ask(real, key, limit)).waitUs, 0);
        const refused = await ask(real, key, limit);
        assert.ok(refused.waitUs > 0 && refused.waitUs <= 1.1 * second, `${refused.waitUs}`);
        await eventually('it passes', async () =>
          (await ask(real, key, limit)).waitUs === 0 ? true : undefined,
        );
        assert.ok(performance.now() - askedAt >= 480, 'it passed too early');
      }
      await real.close();
    });

    test('a check that cannot be is refused', async () => {
      const limit = tokenBucket({ rate: 1, seconds: 1 });
      const bad: Check[][] = [
        [],
        [{ key: '', limit, cost: 1 }],
        [{ key: 'x'.repeat(256), limit, cost: 1 }],
        [{ key: 'x', limit, cost: 2 }],
        [{ key: 'x', limit, cost: 0.5 }],
        [
          { key: 'x', limit, cost: 1 },
          { key: 'x', limit, cost: 1 },
        ],
      ];
      for (const checks of bad) await assert.rejects(one.take(checks), RangeError);
    });

    test('any requests at any time: as the model says, to the microsecond', async () => {
      const random = seededRandom(`limits in ${name}, one after the other`);
      const model = createModel();
      const mine = [fresh(), fresh(), fresh()];
      const limits = mine.map(() => anyLimit(random));
      for (let turn = 0; turn < 400; turn += 1) {
        if (random.next() < 0.6)
          await clock.advance(random.below(4) === 0 ? random.below(40_000) : random.below(900));
        const picked = mine
          .map((key, index) => ({ key, limit: limits[index] ?? anyLimit(random) }))
          .filter(() => random.next() < 0.5);
        const asks = picked.map(({ key, limit }) => ({
          key,
          limit,
          cost: 1 + random.below(Math.min(3, limit.most)),
        }));
        if (asks.length === 0) continue;
        const standings = await (turn % 2 ? one : other).take(asks);
        const what = `turn ${turn}: ${JSON.stringify({ asks, standings })}`;
        assert.equal(passed(standings), model.take(asks, usOf(clock)), what);
        for (const [index, { key, limit, cost }] of asks.entries()) {
          const standing = standings[index];
          assert.ok(standing, what);
          assert.equal(standing.remaining, model.remaining(key, limit, usOf(clock)), what);
          if (standing.waitUs === 0) continue;
          const later = usOf(clock) + standing.waitUs;
          assert.ok(model.remaining(key, limit, later) >= cost, `it names a time that is too early: ${what}`);
          assert.ok(
            model.remaining(key, limit, later - 1) < cost,
            `it names a time that is too late: ${what}`,
          );
        }
      }
      for (const [index, key] of mine.entries())
        checkWindows(limits[index], model.admitted(key), `${name}, SEED=${random.seed}`);
    });

    test('many at once: exactly as many as one after the other, whoever they are', async () => {
      const random = seededRandom(`limits in ${name}, at once`);
      const model = createModel();
      const mine = [fresh(), fresh(), fresh()];
      const limits = mine.map(() => anyLimit(random));
      for (let round = 0; round < 12; round += 1) {
        await clock.advance(random.below(30_000));
        const asks = Array.from({ length: 60 }, () => {
          const index = random.below(mine.length);
          const limit = limits[index];
          assert.ok(limit);
          return { key: mine[index] ?? '', limit, cost: 1 };
        });
        const answers = await Promise.all(
          asks.map((check, index) => (index % 2 ? one : other).take([check])),
        );
        // With a cost of one each, the order among those of one moment does not matter to how many pass.
        const expected = asks.filter((check) => model.take([check], usOf(clock))).length;
        assert.equal(answers.filter(passed).length, expected, `round ${round}`);
      }
      for (const [index, key] of mine.entries())
        checkWindows(limits[index], model.admitted(key), `${name}, SEED=${random.seed}`);
    });

    test('decisions about the same keys in other orders do not wait for each other in a circle', async () => {
      const mine = [fresh(), fresh(), fresh()];
      const limit = tokenBucket({ rate: 10, seconds: 3_600 });
      const decisions = Array.from({ length: 90 }, (_, index) => {
        const checks = mine.map((key) => ({ key, limit, cost: 1 }));
        for (let turns = index % 3; turns > 0; turns -= 1) checks.push(...checks.splice(0, 1));
        return (index % 2 ? one : other).take(checks);
      });
      assert.equal((await Promise.all(decisions)).filter(passed).length, 10);
    });
  });
}

function anyLimit(random: { below(n: number): number }): Limit {
  const seconds = 20 + random.below(600);
  return random.below(2)
    ? tokenBucket({ rate: 1 + random.below(40), seconds, burst: 1 + random.below(15) })
    : slidingWindow({ most: 1 + random.below(15), seconds });
}

/** What was let in keeps the promise of its limit for every stretch of time, counted by hand. */
function checkWindows(limit: Limit | undefined, admitted: readonly number[], where: string): void {
  assert.ok(limit);
  for (const [first, from] of admitted.entries())
    for (let last = first; last < admitted.length; last += 1) {
      const span = (admitted[last] ?? 0) - from;
      const within = last - first + 1;
      if (limit.kind === 'bucket') assert.ok(within <= limit.most + span / limit.unitUs, where);
      else if (span < limit.unitUs * slices) assert.ok(within <= limit.most, where);
    }
}
