import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedNow } from './allowed.ts';
import type { Step, Workflow } from './types.ts';

const step = (status: Step['status'], byHand = false): Step => ({
  position: 1,
  operation: byHand ? 'operator_task' : 'mix',
  parameters: {},
  operator_task: byHand ? { title: 'Seal it' } : null,
  status,
  attempts: 0,
  execution_id: null,
  result: null,
  error: null,
  started_at: null,
  finished_at: null,
  duration_ms: null,
  waiting_reasons: [],
});
const of = (status: Workflow['status'], ...steps: Step[]) => allowedNow({ status, steps });

test('a workflow that runs is carried on, paused, completed or cancelled between its steps', () => {
  assert.deepEqual(of('running', step('succeeded'), step('pending')), [
    'execute-step',
    'pause',
    'complete',
    'cancel',
  ]);
  assert.deepEqual(of('running', step('succeeded')), ['pause', 'complete', 'cancel']);
});

test('while the device moves it can only be stopped; while a person works the workflow can be cancelled', () => {
  assert.deepEqual(of('running', step('running')), ['abort']);
  assert.deepEqual(of('running', step('running', true)), ['cancel']);
});

test('a failed step is tried again; one that nobody knows about is decided on first', () => {
  assert.deepEqual(of('failed', step('failed')), ['execute-step', 'cancel']);
  assert.deepEqual(of('failed', step('unknown'), step('pending')), ['resolve-step', 'cancel']);
});

test('what has not begun is started, cancelled or deleted; what is over is left alone', () => {
  assert.deepEqual(of('created', step('pending')), ['start', 'cancel', 'delete']);
  assert.deepEqual(of('queued', step('pending')), ['cancel']);
  assert.deepEqual(of('paused', step('pending')), ['resume', 'cancel']);
  assert.deepEqual([...of('completed', step('succeeded')), ...of('cancelled', step('skipped'))], []);
});
