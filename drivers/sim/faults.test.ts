import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isDriverError } from '@labwright/driver-kit';
import { command, modelOf, resultOf, start, testBench } from './testing/bench.ts';

const month = 30 * 86_400_000;
const lost = (error: unknown) => isDriverError(error, 'connection_lost');

test('fail: ends in a definite failure, halfway, as often as it was told to', async (t) => {
  const bench = await testBench(t, 'liquid_handler');
  const driver = await bench.open({ jitter: 0 });
  driver.faults.inject({ kind: 'fail', code: 'no_tips', next: 1 });
  assert.deepEqual(driver.faults.list(), [{ kind: 'fail', code: 'no_tips', next: 1 }]);
  const { outcome } = await start(driver, command('a', 'pipette_transfer'));
  // Ten seconds are typical: six for the tip, three to travel, one to pipette.
  await bench.clock.advance(4_999);
  assert.equal((await driver.inquire('a')).status, 'running');
  await bench.clock.advance(1);
  const error = { code: 'no_tips', message: 'the tip rack is empty' };
  assert.deepEqual(await outcome, { status: 'failed', error });
  assert.deepEqual(driver.faults.list(), []);
  await resultOf(bench, driver, command('b', 'pipette_transfer'));
});

test('fail: uses the usual failure of the instrument, or any other', async (t) => {
  for (const type of ['liquid_handler', 'incubator', 'plate_reader', 'centrifuge', 'thermocycler']) {
    const bench = await testBench(t, type);
    const driver = await bench.open({ faults: [{ kind: 'fail', after_fraction: 0 }] });
    const [operation = ''] = driver.operations.keys();
    const { outcome } = await start(driver, command('a', operation));
    await bench.clock.advance(month);
    const ended = await outcome;
    assert.ok(ended.status === 'failed');
    assert.equal(ended.error.code, Object.keys(modelOf(type).failures)[0]);
    driver.faults.inject({ kind: 'fail', code: 'struck_by_lightning', message: 'smoke' });
    // The first fault that matches decides.
    await driver.faults.clear();
    driver.faults.inject({ kind: 'fail', code: 'struck_by_lightning' });
    const second = await start(driver, command('b', operation));
    await bench.clock.advance(month);
    assert.deepEqual(await second.outcome, {
      status: 'failed',
      error: { code: 'struck_by_lightning', message: `the ${type} reports struck_by_lightning` },
    });
  }
});

test('a command that was refused uses nothing up', async (t) => {
  const bench = await testBench(t, 'liquid_handler');
  const driver = await bench.open();
  driver.faults.inject({ kind: 'slow', factor: 2, next: 1, operations: ['mix'] });
  await driver.execute(command('a', 'mix', { volume_ul: -1 }));
  await resultOf(bench, driver, command('b', 'wash'));
  assert.equal(driver.faults.list().length, 1);
  await resultOf(bench, driver, command('c', 'mix'));
  assert.equal(driver.faults.list().length, 0);
});

test('slow: takes the factor longer, and factors multiply', async (t) => {
  const bench = await testBench(t, 'liquid_handler');
  const driver = await bench.open({ jitter: 0, speed: 10, faults: [{ kind: 'slow', factor: 3 }] });
  driver.faults.inject({ kind: 'slow', factor: 2 });
  const { outcome } = await start(driver, command('a', 'pipette_transfer'));
  await bench.clock.advance(5_999);
  assert.equal((await driver.inquire('a')).status, 'running');
  await bench.clock.advance(1);
  assert.equal((await outcome).status, 'succeeded');
});

for (const remembers of [true, false]) {
  const how = remembers ? 'with' : 'without';
  test(`hang: does not finish until it is cleared, ${how} a journal`, async (t) => {
    const bench = await testBench(t, 'incubator', { remembers });
    const driver = await bench.open({ jitter: 0, faults: [{ kind: 'hang' }] });
    const { outcome } = await start(driver, command('a', 'incubate', { duration_s: 60 }));
    await bench.clock.advance(3_600_000);
    assert.deepEqual(await driver.inquire('a'), { status: 'running', fraction: 0 });
    await driver.faults.clear();
    await bench.clock.advance(74_000);
    assert.equal((await driver.inquire('a')).status, 'running');
    await bench.clock.advance(1_000);
    assert.equal((await outcome).status, 'succeeded');
    assert.deepEqual(driver.faults.list(), []);
  });
}

test('hang: can be aborted, and cleared by a process that came later', async (t) => {
  const bench = await testBench(t, 'incubator', { remembers: true });
  const first = await bench.open({ faults: [{ kind: 'hang', next: 2 }] });
  const abort = new AbortController();
  const aborted = await start(first, command('a', 'incubate'), { signal: abort.signal });
  abort.abort();
  const ended = await aborted.outcome;
  assert.ok(ended.status === 'failed' && ended.error.code === 'aborted');
  await start(first, command('b', 'incubate'));
  await bench.clock.advance(month);
  const second = await bench.open();
  assert.equal((await second.inquire('b')).status, 'running');
  await second.faults.clear();
  const waiting = second.wait('b');
  await bench.clock.advance(month);
  assert.equal((await waiting).status, 'succeeded');
});

for (const remembers of [true, false]) {
  const how = remembers ? 'with' : 'without';
  test(`disconnect: the call rejects and the instrument goes on, ${how} a journal`, async (t) => {
    const bench = await testBench(t, 'plate_reader', { remembers });
    const driver = await bench.open();
    driver.faults.inject({ kind: 'disconnect', next: 1 });
    await assert.rejects(driver.execute(command('a', 'plate_read')), lost);
    assert.equal((await driver.inquire('a')).status, 'running');
    const waiting = driver.wait('a');
    await bench.clock.advance(month);
    const ended = await waiting;
    assert.equal(ended.status, 'succeeded');
    assert.deepEqual(await driver.execute(command('a', 'plate_read')), ended);
    assert.deepEqual(bench.moved, ['a']);
  });
}

test('probability: strikes about that share of commands, the same ones for the same seed', async (t) => {
  const strikes = async (seed: number) => {
    const bench = await testBench(t, 'plate_sealer');
    const driver = await bench.open({ seed, faults: [{ kind: 'fail', probability: 0.3 }] });
    const struck: number[] = [];
    for (let at = 0; at < 200; at += 1) {
      const { outcome } = await start(driver, command(`id-${at}`, 'seal_plate'));
      await bench.clock.advance(month);
      if ((await outcome).status === 'failed') struck.push(at);
    }
    return struck;
  };
  const first = await strikes(1);
  assert.ok(first.length > 40 && first.length < 80, `${first.length} of 200`);
  assert.deepEqual(await strikes(1), first);
  assert.notDeepEqual(await strikes(2), first);
});

test('inject refuses what makes no sense', async (t) => {
  const bench = await testBench(t, 'incubator');
  const { faults } = await bench.open();
  const refused = (path: string) => (error: unknown) =>
    isDriverError(error, 'invalid_settings') && error.faults?.[0]?.path === path;
  assert.throws(() => faults.inject({ kind: 'slow', factor: 0 }), refused('fault.factor'));
  assert.throws(() => faults.inject({ kind: 'hang', operations: ['spin'] }), refused('fault.operations[0]'));
  assert.throws(() => faults.inject({ kind: 'hang', next: 1, probability: 1 }), refused('fault'));
  assert.deepEqual(faults.list(), []);
});
