import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holderWaitOf } from './holder-wait.ts';

type Workflow = Parameters<typeof holderWaitOf>[0];
const step = (status: string, given: object = {}) => ({
  status,
  operator_task: null,
  waiting_reasons: [],
  error: null,
  ...given,
});
const task = (code: string) =>
  step('running', {
    operator_task: { title: 'Seal the plate' },
    waiting_reasons: [{ code, message: '', task_id: 'task-1' }],
  });
const waitOf = (status: string, steps: object[], auto = false) =>
  holderWaitOf({
    status,
    auto,
    steps: steps.map((one, index) => ({ ...one, position: index + 1 })),
  } as unknown as Workflow);

test('a workflow waits for a person while a task is out, and then only', () => {
  const done = step('succeeded', { operator_task: { title: 'Load the plate' } });
  assert.equal(waitOf('running', [done, step('pending')], true), null);
  assert.deepEqual(waitOf('running', [done, task('operator_task')], true), {
    kind: 'task',
    task: 'task-1',
    title: 'Seal the plate',
  });
  assert.equal(
    waitOf('running', [done, task('operator_task_unconfirmed')]),
    null,
    'nobody has been told of it yet',
  );
});

test('without auto it waits for whoever runs its next step, and at the end completes it', () => {
  const [done, pending] = [step('succeeded'), step('pending')];
  assert.deepEqual(waitOf('running', [done, pending]), { kind: 'step', position: 2 });
  assert.equal(waitOf('running', [done, pending], true), null);
  assert.equal(waitOf('running', [done, step('running')]), null);
  assert.deepEqual(waitOf('running', [done, step('skipped')]), { kind: 'completion' });
  assert.equal(waitOf('paused', [done, pending]), null, 'it holds nothing');
});

test('a step that failed, or of which nobody knows, waits for somebody, with auto too', () => {
  const failed = step('failed', { error: { code: 'device_fault', message: 'the lid is stuck' } });
  for (const auto of [true, false]) {
    assert.deepEqual(waitOf('failed', [failed, step('pending')], auto), {
      kind: 'failed',
      position: 1,
      message: 'the lid is stuck',
    });
    assert.deepEqual(waitOf('failed', [step('succeeded'), step('unknown')], auto), {
      kind: 'unknown',
      position: 2,
    });
  }
});
