import assert from 'node:assert/strict';
import { test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { Type } from 'typebox';
import { defineOperation, describeOperation, operationMap } from './operation.ts';
import { driverRegistry, estimateSeconds } from './registry.ts';
import { shakerModel } from './testing/shaker.ts';
import { benchShaker } from './testing/shaker-port.ts';

const shaker = shakerModel(benchShaker(manualClock()).connect);

test('a registry finds a model by device type', () => {
  const registry = driverRegistry([shaker]);
  assert.equal(registry.get('bench_shaker'), shaker);
  assert.equal(registry.get('toaster'), undefined);
  assert.deepEqual(registry.types, ['bench_shaker']);
  assert.throws(
    () => driverRegistry([shaker, shaker]),
    /two driver models claim the device type bench_shaker/,
  );
});

test('an operation is described as plain JSON with units', () => {
  const spec = shaker.operations.get('shake');
  assert.ok(spec);
  assert.deepEqual(describeOperation(spec), {
    name: 'shake',
    description: 'Shakes the plate on the deck.',
    safe_to_repeat: false,
    typical_seconds: 62,
    parameters: {
      type: 'object',
      additionalProperties: false,
      properties: {
        speed_rpm: {
          type: 'number',
          unit: 'rpm',
          minimum: 100,
          maximum: 2000,
          default: 500,
          description: 'Orbital speed',
        },
        duration_s: {
          type: 'number',
          unit: 's',
          minimum: 1,
          maximum: 86400,
          default: 60,
          description: 'Time at speed',
        },
      },
    },
  });
  assert.throws(() => operationMap([spec, spec]), /two operations are named shake/);
});

test('an operation whose parameters have no default has no typical duration to describe', () => {
  const spec = defineOperation({
    name: 'scan',
    description: 'Scans a barcode.',
    parameters: Type.Object({ lane: Type.Integer() }),
    safe_to_repeat: true,
    typical_seconds: ({ lane }) => lane,
  });
  assert.equal(describeOperation(spec).typical_seconds, null);
});

test('a typical duration is described to a thousandth of a second', () => {
  const spec = defineOperation({
    name: 'blink',
    description: 'Blinks.',
    parameters: Type.Object({}),
    safe_to_repeat: true,
    typical_seconds: () => 0.1 + 0.2,
  });
  assert.equal(describeOperation(spec).typical_seconds, 0.3);
});

test('an estimate follows parameters and pace, and is absent for what would be refused', () => {
  assert.equal(estimateSeconds(shaker, 'shake', { duration_s: 100 }), 102);
  assert.equal(estimateSeconds({ ...shaker, pace: () => 10 }, 'shake', { duration_s: 98 }), 10);
  assert.equal(estimateSeconds(shaker, 'boil', {}), undefined);
  assert.equal(estimateSeconds(shaker, 'shake', { duration_s: 0 }), undefined);
  const strict = { ...shaker, checkSettings: () => [{ path: 'settings.port', message: 'is required' }] };
  assert.equal(estimateSeconds(strict, 'shake', {}), undefined);
});
