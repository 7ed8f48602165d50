import assert from 'node:assert/strict';
import { test } from 'node:test';
import { estimateSeconds, isDriverError } from '@labwright/driver-kit';
import { checkSettings } from './settings.ts';
import { command, modelOf, start, testBench } from './testing/bench.ts';

const operations = new Set(['incubate', 'shake']);

test('settings that are left out have their defaults', () => {
  const settings = { speed: 1, jitter: 0.03, seed: 1, faults: [] };
  for (const none of [{}, undefined, null]) assert.deepEqual(checkSettings(none, operations), { settings });
});

test('settings with faults are taken as they are', () => {
  const faults = [
    { kind: 'fail', code: 'door_open', next: 2 },
    { kind: 'slow', factor: 3, probability: 0.5 },
    { kind: 'hang', operations: ['shake'] },
    { kind: 'disconnect' },
  ];
  const checked = checkSettings({ speed: 60, seed: 7, faults }, operations);
  assert.deepEqual(checked, { settings: { speed: 60, jitter: 0.03, seed: 7, faults } });
});

test('each wrong setting is named with its path', () => {
  const checked = checkSettings(
    {
      speed: 0,
      sped: 60,
      faults: 'many',
    },
    operations,
  );
  assert.deepEqual('faults' in checked && checked.faults, [
    { path: 'settings.speed', message: 'must be more than 0' },
    { path: 'settings.faults', message: 'must be of type array' },
    { path: 'settings.sped', message: 'is not known here; known are: speed, jitter, seed, faults' },
  ]);
});

test('each wrong fault is named with its path', () => {
  const checked = checkSettings(
    {
      faults: [
        { kind: 'explode' },
        5,
        { kind: 'slow' },
        { kind: 'fail', factor: 2, code: 'Not A Code' },
        { kind: 'hang', next: 0 },
        { kind: 'hang', next: 1, probability: 0.5 },
        { kind: 'disconnect', operations: ['shake', 'spin'] },
      ],
    },
    operations,
  );
  assert.deepEqual('faults' in checked && checked.faults, [
    { path: 'settings.faults[0].kind', message: 'must be one of fail, slow, hang, disconnect' },
    { path: 'settings.faults[1].kind', message: 'must be one of fail, slow, hang, disconnect' },
    { path: 'settings.faults[2].factor', message: 'is required' },
    { path: 'settings.faults[3].code', message: 'must match pattern "^[a-z][a-z0-9_]*$"' },
    {
      path: 'settings.faults[3].factor',
      message:
        'is not known here; known are: kind, code, message, after_fraction, operations, probability, next',
    },
    { path: 'settings.faults[4].next', message: 'must be at least 1' },
    { path: 'settings.faults[5]', message: 'has a probability or a number of next commands, not both' },
    {
      path: 'settings.faults[6].operations[1]',
      message: 'is no operation of this device; it has: incubate, shake',
    },
  ]);
});

test('a device with wrong settings is not opened', async (t) => {
  const bench = await testBench(t, 'incubator');
  await assert.rejects(bench.open({ speed: -1 }), (error) => {
    assert.ok(isDriverError(error, 'invalid_settings'));
    assert.equal(error.message, 'settings.speed must be more than 0');
    return true;
  });
  const model = modelOf('incubator');
  assert.deepEqual(model.checkSettings({ speed: -1 }), [
    { path: 'settings.speed', message: 'must be more than 0' },
  ]);
  assert.deepEqual(model.checkSettings({ speed: 60 }), []);
});

test('speed divides durations, and estimates with them; jitter varies them by little', async (t) => {
  const model = modelOf('incubator');
  assert.equal(estimateSeconds(model, 'incubate', {}), 1_815);
  assert.equal(estimateSeconds(model, 'incubate', {}, { speed: 60 }), 30.25);
  const durations = new Set<number>();
  for (let at = 0; at < 20; at += 1) {
    const bench = await testBench(t, 'incubator');
    const driver = await bench.open({ speed: 60 });
    const began = bench.clock.now();
    const { outcome } = await start(driver, command(`id-${at}`, 'incubate'));
    let ended = 0;
    const done = outcome.then(() => {
      ended = bench.clock.now();
    });
    await bench.clock.advance(60_000);
    await done;
    durations.add(ended - began);
    assert.ok(ended - began >= 30_250 * 0.97 && ended - began <= 30_250 * 1.03, `${ended - began} ms`);
  }
  assert.ok(durations.size > 15);
});
