import assert from 'node:assert/strict';
import { test } from 'node:test';
import { draftField, fieldsOf } from './field-draft.ts';

test('fields are named after their questions, each once, and have what their type has', () => {
  const of = (more: object) => ({ ...draftField(), ...more });
  assert.deepEqual(
    fieldsOf([
      of({ label: 'Volume left (µL)', type: 'number', unit: 'uL', minimum: '0', maximum: '1,5', lines: 'x' }),
      of({ label: 'Volume left (µL)', type: 'choice', lines: 'a\n b \n\na', unit: 'uL' }),
      of({ label: '7 °C?', type: 'yes_no', optional: true }),
      of({ label: '???', type: 'barcode' }),
    ]),
    [
      {
        type: 'number',
        label: 'Volume left (µL)',
        name: 'volume_left_l',
        unit: 'uL',
        minimum: 0,
        maximum: 1.5,
      },
      { type: 'choice', label: 'Volume left (µL)', name: 'volume_left_l_2', options: ['a', 'b'] },
      { type: 'yes_no', label: '7 °C?', name: 'c', optional: true },
      { type: 'barcode', label: '???', name: 'field' },
    ],
  );
});
