import assert from 'node:assert/strict';
import { test } from 'node:test';
import { describeOperation, driverRegistry, validateParameters } from '@labwright/driver-kit';
import { simulators } from './index.ts';
import { command, modelOf, resultOf, start, testBench } from './testing/bench.ts';

test('every operation runs without parameters, in plausible time, to a plain JSON result', async (t) => {
  for (const model of simulators) {
    const bench = await testBench(t, model.type);
    const driver = await bench.open();
    for (const [name, spec] of model.operations) {
      const { typical_seconds, parameters } = describeOperation(spec);
      assert.ok(
        typical_seconds !== null && typical_seconds > 1 && typical_seconds < 4 * 3_600,
        `${name}: ${typical_seconds} s`,
      );
      for (const [parameter, schema] of Object.entries(parameters.properties ?? {})) {
        assert.ok(schema.default !== undefined, `${name}.${parameter} has no default`);
        assert.ok(schema.description, `${name}.${parameter} has no description`);
        if (schema.type === 'number') assert.ok(schema.unit, `${name}.${parameter} has no unit`);
      }
      const result = await resultOf(bench, driver, command(name, name));
      assert.deepEqual(JSON.parse(JSON.stringify(result)), result);
    }
  }
});

test('the same command on the same device has the same result; other seeds have others', async (t) => {
  for (const { type, operations } of simulators) {
    for (const name of operations.keys()) {
      const run = async (seed: number) => {
        const bench = await testBench(t, type);
        return resultOf(bench, await bench.open({ seed }), command('a', name));
      };
      assert.deepEqual(await run(1), await run(1));
      assert.notDeepEqual(await run(1), await run(2), name);
    }
  }
});

test('all device types can be found by name', () => {
  assert.deepEqual(driverRegistry(simulators).types, [
    'liquid_handler',
    'incubator',
    'plate_reader',
    'centrifuge',
    'thermocycler',
    'plate_sealer',
    'plate_washer',
  ]);
});

test('liquid handler: what arrives is near what was asked for, worse for small volumes', async (t) => {
  const bench = await testBench(t, 'liquid_handler');
  const driver = await bench.open();
  const errors = async (volume_ul: number) => {
    const wells = Array.from(
      { length: 300 },
      (_, at) => `${String.fromCharCode(65 + (at % 16))}${1 + Math.floor(at / 16)}`,
    );
    const result = await resultOf(
      bench,
      driver,
      command(`v${volume_ul}`, 'dispense_reagent', { volume_ul, wells }),
    );
    const delivered = Object.values(result.delivered_ul as Record<string, number>);
    assert.equal(delivered.length, 300);
    const mean = delivered.reduce((sum, value) => sum + value, 0) / delivered.length;
    const spread = Math.sqrt(
      delivered.reduce((sum, value) => sum + (value - mean) ** 2, 0) / delivered.length,
    );
    return { bias: mean / volume_ul - 1, spread: spread / mean };
  };
  const [small, large] = [await errors(1), await errors(200)];
  assert.ok(Math.abs(small.bias) < 0.02 && Math.abs(large.bias) < 0.01, JSON.stringify({ small, large }));
  assert.ok(
    small.spread > 0.015 && small.spread < 0.05 && large.spread < 0.01,
    JSON.stringify({ small, large }),
  );
});

test('liquid handler: more liquid takes longer, and a small tip takes several strokes', async (t) => {
  const transfer = modelOf('liquid_handler').operations.get('pipette_transfer');
  assert.ok(transfer);
  const seconds = (parameters: Record<string, unknown>) => {
    const checked = validateParameters(transfer, parameters);
    assert.ok('parameters' in checked);
    return transfer.typical_seconds(checked.parameters);
  };
  assert.equal(seconds({}), 10);
  assert.equal(seconds({ volume_ul: 100 }), 11);
  assert.equal(seconds({ tip_type: 'p20' }), 16);
  assert.ok(seconds({ mix_cycles: 5 }) > seconds({}));
  const bench = await testBench(t, 'liquid_handler');
  const result = await resultOf(
    bench,
    await bench.open(),
    command('a', 'pipette_transfer', { tip_type: 'p20' }),
  );
  assert.equal(result.strokes, 3);
});

test('incubator: the chamber nears the set point and stays there for the next command', async (t) => {
  for (const remembers of [false, true]) {
    const bench = await testBench(t, 'incubator', { remembers });
    const driver = await bench.open();
    const first = await resultOf(
      bench,
      driver,
      command('a', 'incubate', { temperature_c: 37, duration_s: 3_600 }),
    );
    assert.ok(
      Number(first.start_c) < 24 && Math.abs(Number(first.chamber_c) - 37) < 0.4,
      JSON.stringify(first),
    );
    assert.ok(Number(first.reached_after_s) > 500 && Number(first.reached_after_s) < 700);
    const second = await resultOf(bench, remembers ? await bench.open() : driver, command('b', 'incubate'));
    assert.ok(Math.abs(Number(second.mean_c) - 37) < 0.4, JSON.stringify(second));
    const short = await resultOf(
      bench,
      driver,
      command('c', 'incubate', { temperature_c: 70, duration_s: 60 }),
    );
    assert.equal(short.reached_after_s, null);
    assert.ok(Number(short.max_c) < 50);
  }
});

test('plate reader: one plate reads alike each time, another plate differs', async (t) => {
  const bench = await testBench(t, 'plate_reader');
  const driver = await bench.open();
  const read = async (id: string, parameters: Record<string, unknown>) =>
    (await resultOf(bench, driver, command(id, 'read_absorbance', parameters))).values as Record<
      string,
      number
    >;
  const [one, again, other] = [
    await read('a', { plate: 'P1' }),
    await read('b', { plate: 'P1' }),
    await read('c', { plate: 'P2' }),
  ];
  assert.equal(Object.keys(one).length, 96);
  const distance = (left: Record<string, number>, right: Record<string, number>) =>
    Math.max(...Object.keys(left).map((well) => Math.abs((left[well] ?? 0) - (right[well] ?? 0))));
  assert.ok(distance(one, again) > 0 && distance(one, again) < 0.02, `${distance(one, again)}`);
  assert.ok(distance(one, other) > 0.5);
  assert.equal(Object.keys(await read('d', { plate_format: 384 })).length, 384);
  assert.deepEqual(Object.keys(await read('e', { wells: ['B2', 'A1'] })), ['B2', 'A1']);
});

test('plate reader: light that would drown the signal is refused, where it is used', async (t) => {
  const bench = await testBench(t, 'plate_reader');
  const driver = await bench.open();
  const channel = { excitation_nm: 520, emission_nm: 500 };
  const outcome = await driver.execute(command('a', 'plate_read', { mode: 'fluorescence', ...channel }));
  assert.ok(outcome.status === 'failed');
  assert.deepEqual(outcome.error.faults, [
    { path: 'parameters.emission_nm', message: 'must be at least 15 nm above the excitation of 520 nm' },
  ]);
  assert.equal((await resultOf(bench, driver, command('b', 'plate_read', channel))).mode, 'absorbance');
  const bright = await resultOf(bench, driver, command('c', 'read_fluorescence', { gain_percent: 200 }));
  assert.ok((bright.saturated as string[]).length > 0 && bright.max === 65_000);
});

test('centrifuge: revolutions follow from force and radius', async (t) => {
  const bench = await testBench(t, 'centrifuge');
  const result = await resultOf(bench, await bench.open(), command('a', 'spin', { rcf_g: 1_000 }));
  // 1000 g at 10 cm are 2991 rpm.
  assert.ok(Math.abs(Number(result.mean_rpm) - 2_991) < 30, JSON.stringify(result));
});

test('thermocycler: a programme takes as long as its steps and ramps', () => {
  const spec = modelOf('thermocycler').operations.get('run_pcr');
  assert.ok(spec);
  const checked = validateParameters(spec, {
    cycles: 2,
    initial_denaturation_s: 10,
    denature_c: 94,
    denature_s: 1,
    anneal_c: 55,
    anneal_s: 2,
    extend_c: 70,
    extend_s: 3,
    final_extension_s: 20,
    hold_c: 4,
  });
  assert.ok('parameters' in checked);
  const ramps = (94 - 22 + 2 * (94 - 55 + 15) + (94 - 70) + (70 - 4)) / 3;
  assert.ok(Math.abs(spec.typical_seconds(checked.parameters) - (10 + 2 * 6 + 20 + ramps)) < 1e-9);
});

test('progress rises from 0 to 1', async (t) => {
  const bench = await testBench(t, 'incubator');
  const driver = await bench.open({ speed: 100 });
  const fractions: number[] = [];
  const onProgress = (fraction: number) => void fractions.push(fraction);
  const { outcome } = await start(driver, command('a', 'incubate'), { onProgress });
  await bench.clock.advance(3_600_000);
  await outcome;
  assert.ok(fractions.length >= 10 && fractions.length <= 25, `${fractions.length} times`);
  assert.equal(fractions[0], 0);
  assert.equal(fractions.at(-1), 1);
  assert.deepEqual(
    fractions,
    [...fractions].sort((a, b) => a - b),
  );
});
