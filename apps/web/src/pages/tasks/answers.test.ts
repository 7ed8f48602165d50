import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersOf, answerText, faultsAtFields, faultsIn } from './answers.ts';
import type { TaskField } from './task.ts';

const fields: TaskField[] = [
  { type: 'number', name: 'volume', label: 'Volume', unit: 'uL', minimum: 0, maximum: 10 },
  { type: 'yes_no', name: 'clean', label: 'Is it clean?' },
  { type: 'barcode', name: 'plate', label: 'Plate', expected: ['P-1', 'P-2'] },
  { type: 'date', name: 'day', label: 'Day', earliest: '2026-01-01', optional: true },
  { type: 'text', name: 'note', label: 'Note', optional: true },
];

test('what was typed becomes what the form asks for; empty fields are left out', () => {
  const draft = { volume: ' 2,5 ', clean: 'no', plate: 'P-1', note: '  ', other: 'x' };
  assert.deepEqual(answersOf(fields, draft), { volume: 2.5, clean: false, plate: 'P-1' });
});

test('each fault stands at its field, in words', () => {
  assert.deepEqual(faultsIn(fields, { volume: '12', plate: 'P-9', day: '2025-12-31' }), {
    volume: 'At most 10 uL.',
    clean: 'Fill this in.',
    plate: 'This is not the expected code. Expected: P-1, P-2.',
    day: 'Not before 2026-01-01.',
  });
  assert.equal(faultsIn(fields, { volume: 'much' }).volume, 'This is not a number.');
  assert.deepEqual(faultsIn(fields, { volume: '0', clean: 'yes', plate: 'P-2' }), {});
});

test('faults of the service find their fields', () => {
  const faults = faultsAtFields([
    { path: 'body.values.volume', message: 'must be a number' },
    { path: 'body.comment', message: 'is too long' },
  ]);
  assert.deepEqual(faults, { volume: 'must be a number' });
});

test('answers, as people read them', () => {
  const [volume, clean] = fields;
  assert.ok(volume && clean);
  assert.equal(answerText(volume, 2.5), '2.5 uL');
  assert.equal(answerText(clean, false), 'No');
  assert.equal(answerText(volume, undefined), '—');
});
