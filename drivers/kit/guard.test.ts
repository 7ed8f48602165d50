import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { type TestContext, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { assertFailed, commandOf, complete, moving } from './conformance/harness.ts';
import { driverErrors, failures, isDriverError } from './errors.ts';
import { guardedDriver } from './guard.ts';
import { failed } from './hardware.ts';
import { processMemory } from './memory/memory.ts';
import { type ShakerHarness, shakerHarness } from './testing/shaker-harness.ts';

const lost = (error: unknown) => isDriverError(error, 'connection_lost');

async function bench(t: TestContext, remembers = true): Promise<ShakerHarness> {
  const harness = await shakerHarness({ remembers });
  t.after(() => harness.dispose());
  return harness;
}

test('an order that arrived before the line broke is found again, not repeated', async (t) => {
  const harness = await bench(t);
  const driver = await harness.open();
  harness.bench.breakNextLine();
  await assert.rejects(driver.execute(commandOf(harness, 'a')), lost);
  assert.equal((await driver.inquire('a')).status, 'running');
  const { outcome } = await moving(driver, commandOf(harness, 'a'));
  await harness.finish();
  assert.equal((await outcome).status, 'succeeded');
  assert.equal(harness.movements('a'), 1);
});

test('an order that got lost is known not to have started, and is safe to send again', async (t) => {
  const harness = await bench(t);
  const driver = await harness.open();
  harness.bench.loseNextOrder();
  await assert.rejects(driver.execute(commandOf(harness, 'a')), lost);
  assert.equal((await driver.inquire('a')).status, 'not_started');
  assert.equal((await driver.wait('a')).status, 'not_started');
  const calls = await Promise.all(Array.from({ length: 5 }, () => moving(driver, commandOf(harness, 'a'))));
  await harness.finish();
  for (const { outcome } of calls) assert.equal((await outcome).status, 'succeeded');
  assert.equal(harness.movements('a'), 1);
});

test('an order that got lost is not started under a fencing token that is over by now', async (t) => {
  const harness = await bench(t);
  const driver = await harness.open();
  harness.bench.loseNextOrder();
  await assert.rejects(driver.execute(commandOf(harness, 'a', { fencing_token: 3 })), lost);
  assertFailed(
    await driver.execute(commandOf(harness, 'b', { fencing_token: 4, operation: 'none' })),
    'unknown_operation',
  );
  assertFailed(await driver.execute(commandOf(harness, 'a', { fencing_token: 3 })), 'stale_fencing_token');
  assert.equal(harness.movements('a'), 0);
});

test('an order that got lost gives way to a later command', async (t) => {
  const harness = await bench(t);
  const driver = await harness.open();
  harness.bench.loseNextOrder();
  await assert.rejects(driver.execute(commandOf(harness, 'a')), lost);
  assert.equal((await complete(harness, driver, commandOf(harness, 'b'))).status, 'succeeded');
  assertFailed(await driver.inquire('a'), 'superseded');
  assertFailed(await driver.execute(commandOf(harness, 'a')), 'superseded');
  assert.equal(harness.movements('a'), 0);
});

test('what another process may be about to start counts as running for half a minute', async (t) => {
  const harness = await bench(t);
  const first = await harness.open();
  harness.bench.loseNextOrder();
  await assert.rejects(first.execute(commandOf(harness, 'a')), lost);
  const second = await harness.open();
  assert.equal((await second.inquire('a')).status, 'running');
  assertFailed(await second.execute(commandOf(harness, 'b')), 'instrument_busy');
  await harness.clock.advance(30_000);
  assert.equal((await second.inquire('a')).status, 'not_started');
  assert.equal((await complete(harness, second, commandOf(harness, 'b'))).status, 'succeeded');
  assertFailed(await first.inquire('a'), 'superseded');
  assert.equal(harness.movements('a'), 0);
});

test('a command that was given up between its record and its start is not started', async (t) => {
  const harness = await bench(t);
  const { operations } = await harness.open();
  const memory = processMemory();
  const end = failed('superseded', 'by another process');
  const driver = guardedDriver({
    device_id: 'd1',
    operations,
    memory: {
      ...memory,
      append: async (entry) => {
        const verdict = await memory.append(entry);
        if (entry.kind === 'accept') await memory.append({ kind: 'end', execution_id: 'a', end });
        return verdict;
      },
    },
    hardware: {
      start: () => assert.fail('it was started'),
      look: async () => ({ status: 'not_started' }),
      stop: async () => ({ status: 'not_started' }),
      close: async () => {},
    },
  });
  assert.deepEqual(await driver.execute(commandOf(harness, 'a')), end);
  await driver.close();
});

test('a known command sent under a higher token raises the token', async (t) => {
  const harness = await bench(t);
  const driver = await harness.open();
  await complete(harness, driver, commandOf(harness, 'a', { fencing_token: 3 }));
  assert.equal((await driver.execute(commandOf(harness, 'a', { fencing_token: 5 }))).status, 'succeeded');
  assertFailed(await driver.execute(commandOf(harness, 'b', { fencing_token: 4 })), 'stale_fencing_token');
});

test('a command whose end the instrument cannot tell stays unknown, and does not block the next', async (t) => {
  const harness = await bench(t);
  const { operations } = await harness.open();
  let state: 'running' | 'unknown' = 'running';
  const driver = guardedDriver({
    device_id: 'd1',
    operations,
    memory: processMemory(),
    clock: harness.clock,
    hardware: {
      start: async () => ({ status: 'running', next_look_ms: 10 }),
      look: async () =>
        state === 'running' ? { status: 'running' } : { status: 'unknown', reason: 'power cut' },
      stop: async () => failed('aborted', 'stopped'),
      close: async () => {},
    },
  });
  const { outcome } = await moving(driver, commandOf(harness, 'a'));
  state = 'unknown';
  const unknown = assert.rejects(outcome, (error) => isDriverError(error, 'outcome_unknown'));
  await harness.finish();
  await unknown;
  assert.deepEqual(await driver.inquire('a'), { status: 'unknown', reason: 'power cut' });
  state = 'running';
  assertFailed(await driver.execute(commandOf(harness, 'b')), 'instrument_busy');
  state = 'unknown';
  const second = assert.rejects(driver.execute(commandOf(harness, 'c')), (error) =>
    isDriverError(error, 'outcome_unknown'),
  );
  await harness.clock.sleepers(1);
  await harness.finish();
  await second;
  state = 'running';
  assert.deepEqual(await driver.inquire('a'), { status: 'unknown', reason: 'power cut' });
  await driver.close();
});

test('an order to stop does not overtake the order to start', async (t) => {
  for (const remembers of [true, false]) {
    const harness = await bench(t, remembers);
    const driver = await harness.open();
    // A day, so that the time which has to pass here does not end it.
    const command = commandOf(harness, 'a', { parameters: { duration_s: 86_400 } });
    const calls = [driver.execute(command), driver.execute(command, { signal: AbortSignal.abort() })];
    let settled = false;
    const ended = Promise.all(calls).finally(() => {
      settled = true;
    });
    while (!settled) {
      await harness.clock.advance(100);
      await setImmediate();
    }
    for (const outcome of await ended) assertFailed(outcome, 'aborted');
    assert.equal(harness.movements('a'), 1);
  }
});

test('a call that is under way when its driver is closed rejects with `driver_closed`', async (t) => {
  const harness = await bench(t);
  const driver = await harness.open();
  const calls = [driver.execute(commandOf(harness, 'a')), driver.inquire('a'), driver.wait('a')];
  const closing = driver.close();
  const [executed] = await Promise.allSettled(calls);
  assert.ok(executed?.status === 'rejected' && isDriverError(executed.reason, 'driver_closed'));
  await closing;
});

test('commands are forgotten in the order of their ends, their ids much later', async (t) => {
  const harness = await bench(t);
  const { operations } = await harness.open();
  const driver = guardedDriver({
    device_id: 'd1',
    operations,
    memory: processMemory(5),
    hardware: {
      start: async () => ({ status: 'succeeded', result: {} }),
      look: async () => ({ status: 'not_started' }),
      stop: async () => ({ status: 'not_started' }),
      close: async () => {},
    },
  });
  for (let at = 0; at < 20; at += 1) await driver.execute(commandOf(harness, `id-${at}`));
  assert.equal((await driver.inquire('id-19')).status, 'succeeded');
  const inquiry = await driver.inquire('id-0');
  assert.ok(inquiry.status === 'unknown' && inquiry.reason.includes('too long ago'), JSON.stringify(inquiry));
  await assert.rejects(driver.execute(commandOf(harness, 'id-0')), (error) =>
    isDriverError(error, 'outcome_forgotten'),
  );
  await driver.close();
});

test('the README names every code', async () => {
  const readme = await readFile(new URL('README.md', import.meta.url), 'utf8');
  for (const code of [...Object.keys(failures), ...Object.keys(driverErrors)]) {
    assert.ok(readme.includes(`\`${code}\``), `${code} is not documented`);
  }
});
