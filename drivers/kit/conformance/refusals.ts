import assert from 'node:assert/strict';
import {
  assertFailed,
  assertNeverMoved,
  type ConformanceCase,
  commandOf,
  complete,
  moving,
  oneMoves,
} from './harness.ts';

/** What must be refused before anything has moved. */
export const refusals: ConformanceCase[] = [
  {
    name: 'refuses an operation that it does not have',
    run: async (harness) => {
      const driver = await harness.open();
      const outcome = await driver.execute(commandOf(harness, 'a', { operation: 'no_such_operation' }));
      assertFailed(outcome, 'unknown_operation');
      assertNeverMoved(harness, await driver.inquire('a'), 'a');
    },
  },
  {
    name: 'refuses invalid parameters and names every fault',
    run: async (harness) => {
      const driver = await harness.open();
      const { parameters, paths } = harness.invalid;
      const outcome = await driver.execute(commandOf(harness, 'a', { parameters }));
      assertFailed(outcome, 'invalid_parameters');
      assert.ok(outcome.status === 'failed' && outcome.error.faults);
      assert.deepEqual(outcome.error.faults.map(({ path }) => path).sort(), [...paths].sort());
      assertNeverMoved(harness, await driver.inquire('a'), 'a');
    },
  },
  {
    name: 'refuses a malformed command',
    run: async (harness) => {
      const driver = await harness.open();
      for (const fencing_token of [-1, 1.5, Number.NaN, 2 ** 53]) {
        assertFailed(await driver.execute(commandOf(harness, 'a', { fencing_token })), 'invalid_command');
      }
      assertFailed(await driver.execute(commandOf(harness, '')), 'invalid_command');
      assertFailed(await driver.execute(commandOf(harness, 'x'.repeat(201))), 'invalid_command');
      assertNeverMoved(harness, await driver.inquire('a'), 'a');
    },
  },
  {
    name: 'refuses a fencing token lower than one that it has carried out',
    run: async (harness) => {
      const driver = await harness.open();
      await complete(harness, driver, commandOf(harness, 'a', { fencing_token: 7 }));
      assertFailed(
        await driver.execute(commandOf(harness, 'b', { fencing_token: 6 })),
        'stale_fencing_token',
      );
      assertNeverMoved(harness, await driver.inquire('b'), 'b');
      const equal = await complete(harness, driver, commandOf(harness, 'c', { fencing_token: 7 }));
      const higher = await complete(harness, driver, commandOf(harness, 'd', { fencing_token: 8 }));
      assert.deepEqual([equal.status, higher.status], ['succeeded', 'succeeded']);
    },
  },
  {
    name: 'refuses a fencing token lower than one that it has only seen in a refused command',
    run: async (harness) => {
      const driver = await harness.open();
      const { outcome } = await moving(driver, commandOf(harness, 'a', { fencing_token: 7 }));
      assertFailed(await driver.execute(commandOf(harness, 'b', { fencing_token: 9 })), 'instrument_busy');
      await harness.finish();
      await outcome;
      assertFailed(
        await driver.execute(commandOf(harness, 'c', { fencing_token: 8 })),
        'stale_fencing_token',
      );
      assertNeverMoved(harness, await driver.inquire('c'), 'c');
    },
  },
  {
    name: 'does one command at a time, and forgets the one that it refused',
    run: async (harness) => {
      const driver = await harness.open();
      const { outcome } = await moving(driver, commandOf(harness, 'a'));
      assertFailed(await driver.execute(commandOf(harness, 'b')), 'instrument_busy');
      assertNeverMoved(harness, await driver.inquire('b'), 'b');
      await harness.finish();
      assert.equal((await outcome).status, 'succeeded');
      assert.equal((await complete(harness, driver, commandOf(harness, 'b'))).status, 'succeeded');
    },
  },
  {
    name: 'lets one of several commands at once move',
    run: async (harness) => {
      const driver = await harness.open();
      const ids = ['a', 'b', 'c', 'd'];
      const outcomes = await oneMoves(ids.map((id) => [driver, commandOf(harness, id)]));
      await harness.finish();
      const ended = await Promise.all(outcomes);
      const busy = ended.filter((outcome) => outcome.status === 'failed');
      for (const outcome of busy) assertFailed(outcome, 'instrument_busy');
      assert.equal(busy.length, 3);
      assert.equal(
        ids.reduce((sum, id) => sum + harness.movements(id), 0),
        1,
      );
    },
  },
  {
    name: 'refuses an execution id that belongs to another command',
    run: async (harness) => {
      const driver = await harness.open();
      const first = await complete(harness, driver, commandOf(harness, 'a'));
      const { otherParameters: parameters } = harness;
      assertFailed(await driver.execute(commandOf(harness, 'a', { parameters })), 'execution_id_reused');
      assert.deepEqual(await driver.inquire('a'), first);
      assert.equal(harness.movements('a'), 1);
    },
  },
];
