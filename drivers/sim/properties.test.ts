import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Command, isDriverError, journalMemory, type Outcome } from '@labwright/driver-kit';
import fc from 'fast-check';
import type { SimulatedDriver } from './index.ts';
import { type Bench, makeBench } from './testing/bench.ts';

/*
 * Any number of processes share one instrument, crash, come back, and send few ids under few tokens in any order,
 * several at once. Whatever happens: no id moves twice, one command moves at a time, and no command is accepted
 * under a token lower than one that was seen before it was sent.
 */
type Action =
  | { do: 'execute'; on: number; id: string; token: number; together: boolean; abort: boolean }
  | { do: 'open' }
  | { do: 'close'; on: number }
  | { do: 'abort'; id: string }
  | { do: 'pass'; seconds: number }
  | { do: 'trouble'; on: number; kind: 'disconnect' | 'hang' | 'fail' }
  | { do: 'clear'; on: number };

const on = fc.nat(3);
const id = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f');
const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('execute' as const),
      on,
      id,
      token: fc.nat(5),
      together: fc.boolean(),
      abort: fc.integer({ min: 0, max: 9 }).map((chance) => chance === 0),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('open' as const) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('close' as const), on }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('abort' as const), id }) },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constant('pass' as const), seconds: fc.constantFrom(1, 6, 60) }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('trouble' as const),
      on,
      kind: fc.constantFrom('disconnect' as const, 'hang' as const, 'fail' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('clear' as const), on }) },
);

const month_ms = 30 * 86_400_000;

interface Sent {
  command: Command;
  /** The highest token that the instrument had certainly seen when the command was sent. */
  floor: number;
  outcome?: Outcome;
}

/** True for an outcome that says: this call moved nothing. */
const isRefusal = (outcome: Outcome) =>
  outcome.status === 'failed' &&
  (['stale_fencing_token', 'instrument_busy'].includes(outcome.error.code) ||
    outcome.error.message.includes('nothing has moved'));

async function play(actions: Action[]): Promise<void> {
  const overlaps: Promise<void>[] = [];
  const bench = await makeBench('plate_sealer', {
    remembers: true,
    onMovement: () => {
      const previous = bench.moved.at(-2);
      if (previous !== undefined) overlaps.push(hasEnded(observer, previous));
    },
  });
  const observer = await bench.open();
  try {
    const drivers = [await bench.open()];
    const aborts = new Map<string, AbortController>();
    const sent: Sent[] = [];
    const calls: Promise<void>[] = [];
    let seen = 0;

    const send = async (driver: SimulatedDriver, command: Command, signal: AbortSignal) => {
      const one: Sent = { command, floor: seen };
      sent.push(one);
      try {
        one.outcome = await driver.execute(command, { signal });
      } catch (error) {
        if (isDriverError(error, 'driver_closed')) return;
        if (!isDriverError(error, 'connection_lost')) throw error;
      }
      seen = Math.max(seen, command.fencing_token);
    };

    const perform = async (step: Action) => {
      if (step.do === 'open') drivers.push(await bench.open());
      if (step.do === 'pass') await bench.clock.advance(step.seconds * 1_000);
      if (step.do === 'abort') aborts.get(step.id)?.abort();
      if (!('on' in step)) return;
      const driver = drivers[step.on % drivers.length] ?? observer;
      if (step.do === 'close') await driver.close();
      if (step.do === 'trouble') driver.faults.inject({ kind: step.kind, next: 1 });
      if (step.do === 'clear') await driver.faults.clear().catch(() => undefined);
      if (step.do !== 'execute') return;
      const abort = new AbortController();
      if (step.abort) abort.abort();
      aborts.set(step.id, abort);
      const command = {
        execution_id: step.id,
        operation: 'seal_plate',
        parameters: {},
        fencing_token: step.token,
      };
      calls.push(send(driver, command, abort.signal));
      // Answered in turn: all that was sent to this file before has been judged by then, or soon will be.
      if (!step.together) await observer.inquire(step.id);
    };

    for (const step of actions) await perform(step);
    await untilSettled(Promise.all(calls), async () => {
      await observer.faults.clear();
      await bench.clock.advance(month_ms);
    });
    await Promise.all(overlaps);
    await checkHistory(bench, observer, sent);
  } finally {
    await bench.dispose();
  }
}

async function hasEnded(observer: SimulatedDriver, execution_id: string): Promise<void> {
  const { status } = await observer.inquire(execution_id);
  assert.notEqual(status, 'running', `another command moves while ${execution_id} does`);
}

async function untilSettled(work: Promise<unknown>, nudge: () => Promise<void>): Promise<void> {
  let settled = false;
  const watched = work.finally(() => {
    settled = true;
  });
  while (!settled) await nudge();
  await watched;
}

async function checkHistory(bench: Bench, observer: SimulatedDriver, sent: Sent[]): Promise<void> {
  assert.equal(new Set(bench.moved).size, bench.moved.length, `moved: ${bench.moved}`);
  const journal = await journalMemory({ folder: bench.folder ?? '', device_id: 'plate_sealer-1' });
  try {
    const ledger = await journal.read();
    const tokens = bench.moved.map((moved) => ledger.find(moved)?.fencing_token ?? -1);
    assert.deepEqual(tokens, [...tokens].sort(), 'tokens of movements only rise');
    for (const [at, moved] of bench.moved.entries()) {
      const allowed = sent.some(
        ({ command, floor }) =>
          command.execution_id === moved &&
          command.fencing_token === tokens[at] &&
          command.fencing_token >= floor,
      );
      assert.ok(allowed, `${moved} moved under the stale token ${tokens[at]}`);
    }
  } finally {
    await journal.close();
  }
  for (const { command, outcome } of sent) {
    const inquiry = await observer.inquire(command.execution_id);
    const moved = bench.moved.includes(command.execution_id);
    if (moved) assert.notEqual(inquiry.status, 'not_started');
    // Where somebody saw its end before its own process got to announce the movement, it is not announced.
    else assert.notEqual(inquiry.status, 'running');
    if (outcome && !isRefusal(outcome)) assert.deepEqual(outcome, inquiry);
  }
}

test('no id moves twice and no stale token is accepted, in any interleaving', {
  timeout: 120_000,
}, async (t) => {
  const seed = Number(process.env.LABWRIGHT_TEST_SEED ?? Date.now() % 2 ** 31);
  t.diagnostic(`LABWRIGHT_TEST_SEED=${seed}`);
  await fc.assert(fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 40 }), play), {
    seed,
    numRuns: 60,
  });
});
