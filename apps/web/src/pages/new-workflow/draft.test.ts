import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Draft, type DraftStep, emptyDraft, moved, nameOf, requestOf } from './draft.ts';
import { faultsOfDraft, messageAt, stillWrong } from './faults.ts';
import { faultOf, limitsOf, readValue, type Schema } from './parameters.ts';

const volume: Schema = {
  type: 'number',
  unit: 'µL',
  minimum: 0.5,
  maximum: 1_000,
  precision: 0.1,
  default: 50,
};
const wells: Schema = { type: 'array', minItems: 1, items: { type: 'string', pattern: '^[A-P][1-9]$' } };
const operations = new Map<string, Schema>([
  ['mix', { properties: { volume_ul: volume, wells }, required: ['wells'] }],
]);
const mix = (key: string, values: Record<string, string>): DraftStep => ({
  key,
  kind: 'operation',
  operation: 'mix',
  values,
});
const draft = (...steps: DraftStep[]): Draft => ({ ...emptyDraft, name: 'A', deviceId: 'd', steps });

test('what is typed is told apart from what can be done', () => {
  const said = ['', '0.1', '1001', '12,5', 'much'].map((text) => faultOf(volume, text, false));
  assert.deepEqual(said, [
    undefined,
    'must be at least 0.5 µL',
    'must be at most 1000 µL',
    undefined,
    'must be a number',
  ]);
  assert.equal(faultOf(wells, '', true), 'is required');
  assert.equal(faultOf(wells, 'A1, Z9', true), 'Z9 is not of the right form');
  assert.equal(faultOf({ type: 'integer' }, '1.5', false), 'must be a whole number');
  assert.equal(limitsOf(volume), '0.5 to 1000 µL, in steps of 0.1');
});

test('what is sent has numbers and lists, and leaves out what is empty', () => {
  assert.deepEqual(requestOf(draft(mix('1', { volume_ul: '12,5', wells: 'A1 B1' })), operations).steps, [
    { operation: 'mix', parameters: { volume_ul: 12.5, wells: ['A1', 'B1'] } },
  ]);
  assert.deepEqual(requestOf(draft(mix('1', { volume_ul: ' ' })), operations).steps, [
    { operation: 'mix', parameters: {} },
  ]);
  assert.equal(readValue({ enum: [96, 384] }, '384'), 384);
});

test('faults of a draft stand at the paths that the service has', () => {
  const task: DraftStep = {
    key: '2',
    kind: 'task',
    title: '',
    instructions: '',
    role: '',
    fields: [{ key: 'f', type: 'choice', label: 'Colour', optional: false, unit: '', options: '' }],
  };
  const faults = faultsOfDraft({ ...draft(mix('1', { volume_ul: '0' }), task), name: ' ' }, operations);
  assert.deepEqual(
    faults.map(({ path }) => path),
    [
      'body.name',
      'body.steps[0].parameters.volume_ul',
      'body.steps[0].parameters.wells',
      'body.steps[1].operator_task.title',
      'body.steps[1].operator_task.fields[0].options',
    ],
  );
});

test('a refusal holds for what was not changed since, and moves with its step', () => {
  const sent = draft(mix('1', { wells: 'A1' }), mix('2', { wells: 'A2' }));
  const refusal = {
    draft: sent,
    faults: [
      { path: 'body.steps[0].parameters.wells[0]', message: 'no' },
      { path: 'body.steps[1].operation', message: 'never' },
    ],
  };
  const now = { ...sent, steps: [mix('2', { wells: 'A2' }), mix('1', { wells: 'B1' })] };
  assert.deepEqual(stillWrong(refusal, now), [{ path: 'body.steps[0].operation', message: 'never' }]);
  assert.equal(messageAt(stillWrong(refusal, sent), 'body.steps[0].parameters.wells'), 'no');
});

test('steps change places; a name is made of what people read', () => {
  assert.deepEqual(moved(['a', 'b', 'c'], 0, 2), ['b', 'c', 'a']);
  assert.deepEqual(moved(['a', 'b', 'c'], 2, 0), ['c', 'a', 'b']);
  assert.deepEqual(moved(['a'], 0, 1), ['a']);
  assert.deepEqual(['Volume left?', '2 µL', ''].map(nameOf), ['volume_left_1', 'l_2', 'field_3']);
});
