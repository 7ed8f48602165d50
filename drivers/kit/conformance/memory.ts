import assert from 'node:assert/strict';
import { isDriverError } from '../errors.ts';
import { assertFailed, type ConformanceCase, commandOf, complete, moving, oneMoves } from './harness.ts';

/** What outlives a driver that was closed, or a process that died. */
export const memory: ConformanceCase[] = [
  {
    name: 'leaves the instrument running when it is closed',
    run: async (harness) => {
      const first = await harness.open();
      const { outcome } = await moving(first, commandOf(harness, 'a'));
      const lost = assert.rejects(outcome, (error) => isDriverError(error, 'driver_closed'));
      await Promise.all([first.close(), first.close()]);
      await lost;
      const second = await harness.open();
      assert.equal((await second.inquire('a')).status, harness.remembers ? 'running' : 'unknown');
    },
  },
  {
    name: 'says `unknown` of a command from before it was opened',
    memory: 'absent',
    run: async (harness) => {
      await complete(harness, await harness.open(), commandOf(harness, 'a'));
      const second = await harness.open();
      assert.equal((await second.inquire('a')).status, 'unknown');
      assert.equal((await second.wait('a')).status, 'unknown');
    },
  },
  {
    name: 'finds a running command again after a crash, and its outcome',
    memory: 'needed',
    run: async (harness) => {
      await moving(await harness.open(), commandOf(harness, 'a'));
      const second = await harness.open();
      assert.equal((await second.inquire('a')).status, 'running');
      const waiting = second.wait('a');
      await harness.finish();
      const ended = await waiting;
      assert.equal(ended.status, 'succeeded');
      assert.deepEqual(await (await harness.open()).inquire('a'), ended);
      assert.equal(harness.movements('a'), 1);
    },
  },
  {
    name: 'does not move again when a command is sent again after a crash',
    memory: 'needed',
    run: async (harness) => {
      const first = await moving(await harness.open(), commandOf(harness, 'a'));
      const second = await moving(await harness.open(), commandOf(harness, 'a'));
      await harness.finish();
      const third = await (await harness.open()).execute(commandOf(harness, 'a'));
      assert.equal(third.status, 'succeeded');
      assert.deepEqual([await first.outcome, await second.outcome], [third, third]);
      assert.equal(harness.movements('a'), 1);
    },
  },
  {
    name: 'can stop a movement that an earlier process started',
    memory: 'needed',
    run: async (harness) => {
      await moving(await harness.open(), commandOf(harness, 'a'));
      const second = await harness.open();
      assertFailed(await second.wait('a', { signal: AbortSignal.abort() }), 'aborted');
      assertFailed(await (await harness.open()).inquire('a'), 'aborted');
      assert.equal((await complete(harness, second, commandOf(harness, 'b'))).status, 'succeeded');
    },
  },
  {
    name: 'is busy after a crash as long as the instrument is',
    memory: 'needed',
    run: async (harness) => {
      await moving(await harness.open(), commandOf(harness, 'a'));
      const second = await harness.open();
      assertFailed(await second.execute(commandOf(harness, 'b')), 'instrument_busy');
      await harness.finish();
      assert.equal((await complete(harness, second, commandOf(harness, 'b'))).status, 'succeeded');
      assert.equal((await second.inquire('a')).status, 'succeeded');
    },
  },
  {
    name: 'says `not_started` after a crash of a command that was never sent',
    memory: 'needed',
    run: async (harness) => {
      await complete(harness, await harness.open(), commandOf(harness, 'a'));
      const second = await harness.open();
      assert.equal((await second.inquire('b')).status, 'not_started');
      assert.equal((await complete(harness, second, commandOf(harness, 'b'))).status, 'succeeded');
    },
  },
  {
    name: 'refuses the fencing token of a process that was thought dead',
    memory: 'needed',
    run: async (harness) => {
      const zombie = await harness.open();
      await complete(harness, zombie, commandOf(harness, 'a', { fencing_token: 7 }));
      const heir = await harness.open();
      await complete(harness, heir, commandOf(harness, 'b', { fencing_token: 8 }));
      const late = await zombie.execute(commandOf(harness, 'c', { fencing_token: 7 }));
      assertFailed(late, 'stale_fencing_token');
      assert.equal((await heir.inquire('c')).status, 'not_started');
      const third = await harness.open();
      assertFailed(await third.execute(commandOf(harness, 'd', { fencing_token: 7 })), 'stale_fencing_token');
      assert.deepEqual([harness.movements('c'), harness.movements('d')], [0, 0]);
    },
  },
  {
    name: 'lets one of two processes move that send commands at once',
    memory: 'needed',
    run: async (harness) => {
      const [first, second] = [await harness.open(), await harness.open()];
      const outcomes = await oneMoves([
        [first, commandOf(harness, 'a')],
        [second, commandOf(harness, 'b')],
      ]);
      await harness.finish();
      const ended = await Promise.all(outcomes);
      assert.deepEqual(ended.map(({ status }) => status).sort(), ['failed', 'succeeded']);
      assert.equal(harness.movements('a') + harness.movements('b'), 1);
    },
  },
];
