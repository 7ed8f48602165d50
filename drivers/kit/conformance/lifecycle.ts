import assert from 'node:assert/strict';
import { isDriverError } from '../errors.ts';
import { describeOperation } from '../operation.ts';
import { validateParameters } from '../validation.ts';
import {
  assertFailed,
  assertNeverMoved,
  type ConformanceCase,
  commandOf,
  complete,
  moving,
} from './harness.ts';

/** How one command goes, from beginning to end. */
export const lifecycle: ConformanceCase[] = [
  {
    name: 'describes its operations as plain JSON, with a typical duration',
    run: async (harness) => {
      const { operations } = await harness.open();
      for (const [name, spec] of operations) {
        const described = describeOperation(spec);
        assert.equal(described.name, name);
        assert.ok(described.description.length > 0, `${name} has no description`);
        assert.deepEqual(JSON.parse(JSON.stringify(described)), described);
        assert.equal(described.parameters.type, 'object');
      }
      const spec = operations.get(harness.operation);
      assert.ok(spec);
      const checked = validateParameters(spec, harness.parameters);
      assert.ok('parameters' in checked);
      assert.ok(spec.typical_seconds(checked.parameters) > 0);
    },
  },
  {
    name: 'carries out a command, and says so before, while and after it moves',
    run: async (harness) => {
      const driver = await harness.open();
      assertNeverMoved(harness, await driver.inquire('a'), 'a');
      const { outcome } = await moving(driver, commandOf(harness, 'a'));
      assert.equal((await driver.inquire('a')).status, 'running');
      await harness.finish();
      const ended = await outcome;
      assert.equal(ended.status, 'succeeded');
      assert.deepEqual(JSON.parse(JSON.stringify(ended)), ended);
      assert.deepEqual(await driver.inquire('a'), ended);
      assert.equal(harness.movements('a'), 1);
    },
  },
  {
    name: 'leaves the parameters of its caller as they were',
    run: async (harness) => {
      const driver = await harness.open();
      const command = commandOf(harness, 'a', { parameters: Object.freeze({ ...harness.parameters }) });
      assert.equal((await complete(harness, driver, command)).status, 'succeeded');
      assert.deepEqual(command.parameters, harness.parameters);
    },
  },
  {
    name: 'answers the same execution id with the same outcome, without moving again',
    run: async (harness) => {
      const driver = await harness.open();
      const first = await complete(harness, driver, commandOf(harness, 'a'));
      assert.deepEqual(await driver.execute(commandOf(harness, 'a')), first);
      assert.equal(harness.movements('a'), 1);
    },
  },
  {
    name: 'attaches the same execution id to the movement that is under way',
    run: async (harness) => {
      const driver = await harness.open();
      const first = await moving(driver, commandOf(harness, 'a'));
      const second = await moving(driver, commandOf(harness, 'a'));
      await harness.finish();
      assert.deepEqual(await second.outcome, await first.outcome);
      assert.equal(harness.movements('a'), 1);
    },
  },
  {
    name: 'moves once for one execution id sent many times at once',
    run: async (harness) => {
      const driver = await harness.open();
      const calls = await Promise.all(
        Array.from({ length: 8 }, () => moving(driver, commandOf(harness, 'a'))),
      );
      await harness.finish();
      const outcomes = await Promise.all(calls.map(({ outcome }) => outcome));
      assert.equal(outcomes[0]?.status, 'succeeded');
      for (const outcome of outcomes) assert.deepEqual(outcome, outcomes[0]);
      assert.equal(harness.movements('a'), 1);
    },
  },
  {
    name: 'stops a movement when its caller aborts, and then takes the next command',
    run: async (harness) => {
      const driver = await harness.open();
      const abort = new AbortController();
      const { outcome } = await moving(driver, commandOf(harness, 'a'), { signal: abort.signal });
      abort.abort();
      assertFailed(await outcome, 'aborted');
      assertFailed(await driver.inquire('a'), 'aborted');
      assertFailed(await driver.execute(commandOf(harness, 'a')), 'aborted');
      assert.equal((await complete(harness, driver, commandOf(harness, 'b'))).status, 'succeeded');
      assert.deepEqual([harness.movements('a'), harness.movements('b')], [1, 1]);
    },
  },
  {
    name: 'moves nothing for a command whose caller has aborted before',
    run: async (harness) => {
      const driver = await harness.open();
      const outcome = await driver.execute(commandOf(harness, 'a'), { signal: AbortSignal.abort() });
      assertFailed(outcome, 'aborted');
      assertNeverMoved(harness, await driver.inquire('a'), 'a');
    },
  },
  {
    name: 'keeps the outcome of a command that is aborted after its end',
    run: async (harness) => {
      const driver = await harness.open();
      const first = await complete(harness, driver, commandOf(harness, 'a'));
      const again = await driver.execute(commandOf(harness, 'a'), { signal: AbortSignal.abort() });
      assert.deepEqual(again, first);
    },
  },
  {
    name: 'lets others wait for a movement, and answers at once where there is none',
    run: async (harness) => {
      const driver = await harness.open();
      assertNeverMoved(harness, await driver.wait('a'), 'a');
      const { outcome } = await moving(driver, commandOf(harness, 'a'));
      const waiting = driver.wait('a');
      await harness.finish();
      assert.deepEqual(await waiting, await outcome);
      assert.deepEqual(await driver.wait('a'), await outcome);
    },
  },
  {
    name: 'closes twice, and then answers nothing',
    run: async (harness) => {
      const driver = await harness.open();
      await driver.close();
      await driver.close();
      const closed = (error: unknown) => isDriverError(error, 'driver_closed');
      await assert.rejects(driver.execute(commandOf(harness, 'a')), closed);
      await assert.rejects(driver.inquire('a'), closed);
      await assert.rejects(driver.wait('a'), closed);
      assert.equal(harness.movements('a'), 0);
    },
  },
];
