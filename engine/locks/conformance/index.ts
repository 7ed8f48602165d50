import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { eventually, seededRandom } from '@labwright/kernel/testing';
import { LeaseLost } from '../lease.ts';
import { type Locks, LockTimeout, openLocks } from '../locks.ts';
import type { LockStore, TakeRequest } from '../store.ts';

/** A store to test: the same locks over several connections of their own, as several processes have them. */
export interface StoreUnderTest {
  open(): Promise<{ store: LockStore; close(): Promise<void> }>;
  /** How many stand in the line of a key. */
  waiting(key: string): Promise<number>;
  /** Cuts every connection that waits for messages, as a network does. */
  cutListeners(): Promise<void>;
  close(): Promise<void>;
}

const never = async () => {};

const joined = (under: StoreUnderTest, key: string, count: number) =>
  eventually(`${count} wait`, async () => ((await under.waiting(key)) >= count ? true : undefined));

/** What every store promises. `setUp` is called once. */
export function testLockStore(name: string, setUp: () => Promise<StoreUnderTest>): void {
  describe(`locks in ${name}`, () => {
    let under: StoreUnderTest;
    const opened: (() => Promise<void>)[] = [];
    let one: Locks;
    let other: Locks;
    let keys = 0;
    const fresh = () => `key ${++keys} ä "'$`;

    const open = async (change: (store: LockStore) => LockStore = (store) => store): Promise<Locks> => {
      const { store, close } = await under.open();
      const locks = openLocks(change(store));
      opened.push(async () => {
        await locks.close();
        await close();
      });
      return locks;
    };

    before(async () => {
      under = await setUp();
      one = await open();
      other = await open();
    });
    after(async () => {
      for (const close of opened) await close();
      await under.close();
    });

    /** A lease, or the test fails. */
    const take = async (locks: Locks, key: string, options: Parameters<Locks['acquire']>[1] = {}) => {
      const lease = await locks.acquire(key, options);
      assert.ok(lease, `nobody should hold ${key}`);
      return lease;
    };

    test('one holder a key; free again after the release; the token rises', async () => {
      const key = fresh();
      const first = await take(one, key);
      assert.equal(await other.acquire(key), null);
      assert.equal(await one.acquire(key), null);
      const elsewhere = await take(other, fresh());
      assert.equal(await first.release(), true);
      assert.equal(await first.release(), true);
      const second = await take(other, key);
      assert.ok(second.token > first.token);
      assert.ok(!first.signal.aborted);
      await Promise.all([second.release(), elsewhere.release()]);
    });

    test('who waits is served first come, first served, and woken by the release', async () => {
      const key = fresh();
      const holder = await take(one, key);
      const order: number[] = [];
      const waits: Promise<void>[] = [];
      for (let index = 0; index < 6; index += 1) {
        const locks = index % 2 ? one : other;
        waits.push(
          locks.with(key, { waitMs: 60_000 }, async () => {
            order.push(index);
          }),
        );
        await joined(under, key, index + 1);
      }
      // Nobody overtakes those who wait, although the key is free for a moment.
      await holder.release();
      assert.equal(await one.acquire(key), null);
      await Promise.all(waits);
      assert.deepEqual(order, [0, 1, 2, 3, 4, 5]);
    });

    test('waiting ends when its time is over or its signal fires, and does not hold up those behind', async () => {
      const key = fresh();
      const holder = await take(one, key);
      assert.equal(await other.acquire(key, { waitMs: 50 }), null);
      await assert.rejects(
        other.with(key, { waitMs: 20 }, async () => assert.fail('it was not our turn')),
        (error) => error instanceof LockTimeout && error.key === key,
      );
      const stop = new AbortController();
      const stopped = other.acquire(key, { waitMs: 60_000, signal: stop.signal });
      await joined(under, key, 1);
      const behind = other.acquire(key, { waitMs: 60_000 });
      await joined(under, key, 2);
      stop.abort(new Error('enough'));
      await assert.rejects(stopped, /enough/);
      await holder.release();
      const lease = await behind;
      assert.ok(lease);
      await lease.release();
    });

    test('a holder that falls silent is replaced after its time to live; it is told before, and fenced off', async () => {
      const key = fresh();
      const silent = await open((store) => ({ ...store, renew: () => new Promise<boolean>(never) }));
      const lease = await take(silent, key, { ttlMs: 400 });
      const lost = new Promise<void>((resolve) => lease.signal.addEventListener('abort', () => resolve()));
      const next = other.acquire(key, { waitMs: 60_000 });
      let taken = false;
      void next.then(() => {
        taken = true;
      });
      await lost;
      assert.equal(taken, false, 'the key was given to another one before its holder knew');
      assert.ok(lease.signal.reason instanceof LeaseLost);
      const successor = await next;
      assert.ok(successor && successor.token > lease.token);
      assert.equal(await lease.release(), false);
      assert.equal(await one.acquire(key), null, 'a late release frees what is not its own');
      await successor.release();
    });

    test('a holder that renews keeps its key far beyond its time to live', async () => {
      const key = fresh();
      const lease = await take(one, key, { ttlMs: 200 });
      assert.equal(await other.acquire(key, { waitMs: 900 }), null);
      assert.ok(!lease.signal.aborted);
      await lease.release();
    });

    test('renewals that are not answered, then answered again, cost nothing within the trusted time', async () => {
      const key = fresh();
      let failures = 4;
      const shaky = await open((store) => ({
        ...store,
        renew: (held, ttlMs) => {
          failures -= 1;
          return failures >= 0 ? Promise.reject(new Error('no answer')) : store.renew(held, ttlMs);
        },
      }));
      const lease = await take(shaky, key, { ttlMs: 1_500 });
      assert.equal(await other.acquire(key, { waitMs: 2_500 }), null);
      assert.ok(!lease.signal.aborted);
      assert.ok(failures < 0);
      await lease.release();
    });

    test('an answer that comes late counts from when it was asked', async () => {
      const key = fresh();
      const late = await open((store) => ({
        ...store,
        take: async (request: TakeRequest) => {
          const answer = await store.take(request);
          await new Promise((resolve) => setTimeout(resolve, 450));
          return answer;
        },
      }));
      const lease = await take(late, key, { ttlMs: 400 });
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert.ok(lease.signal.aborted, 'it is trusted although its time was over when the answer came');
      await lease.release();
    });

    test('a take whose answer is lost leaves nothing behind', async () => {
      const key = fresh();
      const cut = await open((store) => ({
        ...store,
        take: async (request: TakeRequest) => {
          await store.take(request);
          throw new Error('the answer is lost');
        },
      }));
      await assert.rejects(cut.acquire(key), /lost/);
      const lease = await take(other, key);
      await lease.release();
    });

    test('a message that is lost delays the next holder, no more', async () => {
      const key = fresh();
      const holder = await take(one, key);
      const next = other.acquire(key, { waitMs: 60_000 });
      await joined(under, key, 1);
      await under.cutListeners();
      await holder.release();
      const lease = await next;
      assert.ok(lease);
      await lease.release();
    });

    test('many at once, some of them silent: never two, tokens rise, everybody gets its turn', async () => {
      const random = seededRandom(`locks in ${name}`);
      const key = fresh();
      const dead = await open((store) => ({ ...store, renew: () => new Promise<boolean>(never) }));
      let inside = 0;
      let turns = 0;
      let newest = 0;
      const work = async (index: number) => {
        const crash = random.next() < 0.2;
        const locks = crash ? dead : index % 2 ? one : other;
        const lease = await locks.acquire(key, { waitMs: 60_000, ttlMs: 300 });
        assert.ok(lease, 'everybody gets its turn');
        assert.ok(lease.token > newest, 'the token rises');
        newest = lease.token;
        inside += 1;
        assert.equal(inside, 1, 'two hold the key');
        await new Promise((resolve) => setTimeout(resolve, random.next() * 10));
        inside -= 1;
        turns += 1;
        // As a process that dies: nobody releases.
        if (!crash) await lease.release();
      };
      await Promise.all(Array.from({ length: 40 }, (_, index) => work(index)));
      assert.equal(turns, 40);
    });

    test('a key or a time that cannot be is refused', async () => {
      await assert.rejects(one.acquire(''), RangeError);
      await assert.rejects(one.acquire('x'.repeat(256)), RangeError);
      await assert.rejects(one.acquire('x', { ttlMs: 1 }), RangeError);
    });
  });
}
