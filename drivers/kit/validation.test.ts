import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Type } from 'typebox';
import { count, defineOperation, quantity } from './operation.ts';
import { validateParameters } from './validation.ts';

const volume = {
  unit: 'µL',
  minimum: 0.5,
  maximum: 1000,
  default: 50,
  precision: 0.1,
  description: 'Volume',
};
const well = Type.String({ pattern: '^[A-H][1-9]$', description: 'Well' });
const spec = defineOperation({
  name: 'transfer',
  description: 'Moves liquid.',
  parameters: Type.Object(
    {
      volume_ul: quantity(volume),
      cycles: count({ minimum: 0, maximum: 10, default: 0, description: 'Mixing cycles' }),
      tip: Type.Enum(['p20', 'p300'], { default: 'p300' }),
      wells: Type.Array(well, { default: ['A1'], maxItems: 4 }),
      steps: Type.Array(
        Type.Object(
          { at_c: quantity({ ...volume, unit: '°C' }), label: Type.String() },
          { additionalProperties: false },
        ),
        { default: [] },
      ),
      barcode: Type.Optional(Type.String()),
    },
    { additionalProperties: false },
  ),
  safe_to_repeat: false,
  typical_seconds: () => 1,
  check: ({ wells }) =>
    wells.flatMap((name, at) =>
      name === 'H9' ? [{ path: `wells[${at}]`, message: 'is in the corner' }] : [],
    ),
});

const faultsOf = (parameters: unknown, at?: string) => {
  const checked = validateParameters(spec, parameters, at);
  return 'faults' in checked ? checked.faults : [];
};

test('missing parameters take their defaults, and the input is left alone', () => {
  const input = { wells: ['B2'], steps: [{ label: 'hold' }] };
  assert.deepEqual(validateParameters(spec, input), {
    parameters: {
      volume_ul: 50,
      cycles: 0,
      tip: 'p300',
      wells: ['B2'],
      steps: [{ at_c: 50, label: 'hold' }],
    },
  });
  assert.deepEqual(input, { wells: ['B2'], steps: [{ label: 'hold' }] });
  // Defaults are not shared between two commands.
  const [one, two] = [validateParameters(spec, {}), validateParameters(spec, {})];
  assert.ok('parameters' in one && 'parameters' in two);
  assert.notEqual(one.parameters.wells, two.parameters.wells);
});

test('each fault has its path, its limit and its unit', () => {
  assert.deepEqual(faultsOf({ volume_ul: 2000, cycles: 1.5, tip: 'p10', wells: ['A1', 'Z9'], volum: 1 }), [
    { path: 'parameters.volume_ul', message: 'must be at most 1000 µL' },
    { path: 'parameters.cycles', message: 'must be of type integer' },
    { path: 'parameters.tip', message: 'must be one of p20, p300' },
    { path: 'parameters.wells[1]', message: 'must match pattern "^[A-H][1-9]$"' },
    {
      path: 'parameters.volum',
      message: 'is not known here; known are: volume_ul, cycles, tip, wells, steps, barcode',
    },
  ]);
  assert.deepEqual(faultsOf({ steps: [{ at_c: 0.1, extra: 1 }], cycles: -1 }, 'body.steps[2].parameters'), [
    { path: 'body.steps[2].parameters.cycles', message: 'must be at least 0' },
    { path: 'body.steps[2].parameters.steps[0].label', message: 'is required' },
    { path: 'body.steps[2].parameters.steps[0].extra', message: 'is not known here' },
    { path: 'body.steps[2].parameters.steps[0].at_c', message: 'must be at least 0.5 °C' },
  ]);
});

test('more than eight faults are all named', () => {
  const many = Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`extra_${at}`, at]));
  assert.equal(faultsOf({ ...many, volume_ul: 'much', cycles: -1 }).length, 32);
});

test('rules between parameters run once the schema is kept', () => {
  assert.deepEqual(faultsOf({ wells: ['A1', 'H9'] }), [
    { path: 'parameters.wells[1]', message: 'is in the corner' },
  ]);
  assert.deepEqual(
    faultsOf({ wells: ['H9'], cycles: 11 }).map(({ path }) => path),
    ['parameters.cycles'],
  );
});

test('what is no plain object has one fault', () => {
  for (const input of [null, undefined, 5, 'x', [], () => 1]) {
    assert.deepEqual(faultsOf(input), [{ path: 'parameters', message: 'must be an object' }]);
  }
  assert.deepEqual(faultsOf({ volume_ul: () => 1 }), [{ path: 'parameters', message: 'must be plain JSON' }]);
});

test('values that JSON cannot carry, and hostile names, are faults', () => {
  assert.equal(faultsOf({ volume_ul: Number.NaN }).length, 1);
  assert.equal(faultsOf({ volume_ul: Number.POSITIVE_INFINITY }).length, 1);
  assert.equal(faultsOf({ volume_ul: null })[0]?.path, 'parameters.volume_ul');
  assert.equal(faultsOf(JSON.parse('{"__proto__": {"volume_ul": 1}}'))[0]?.path, 'parameters.__proto__');
  assert.equal(faultsOf({ constructor: 1 })[0]?.path, 'parameters.constructor');
});
