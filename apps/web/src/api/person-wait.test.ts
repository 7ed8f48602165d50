import assert from 'node:assert/strict';
import { test } from 'node:test';
import { personWaitOf } from './person-wait.ts';

type Steps = Parameters<typeof personWaitOf>[0]['steps'];
const step = (title: string | null, code?: string) =>
  ({
    operator_task: title === null ? null : { title },
    waiting_reasons: code ? [{ code, message: '', task_id: 'task-1' }] : [],
  }) as unknown as Steps[number];

test('a workflow waits for a person while a task is out, and then only', () => {
  const done = step('Load the plate');
  assert.equal(personWaitOf({ steps: [done, step(null)] }), null);
  assert.deepEqual(personWaitOf({ steps: [done, step(null), step('Seal the plate', 'operator_task')] }), {
    task: 'task-1',
    title: 'Seal the plate',
  });
  assert.equal(
    personWaitOf({ steps: [step('Seal the plate', 'operator_task_unconfirmed')] }),
    null,
    'nobody has been told of it yet',
  );
});
