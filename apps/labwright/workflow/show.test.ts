import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Step, Workflow } from '@labwright/contract-workflows';
import { clockTime } from '../output/words.ts';
import { afterAsking, afterStep } from './next.ts';
import { outcomeOf, progressOf, tookOf } from './show.ts';

const byHand = (given: Partial<Step>): Step => ({
  position: 1,
  operation: 'operator_task',
  parameters: {},
  status: 'running',
  attempts: 1,
  execution_id: 'task-1',
  result: null,
  error: null,
  started_at: '2026-03-01T12:00:00.123456Z',
  finished_at: null,
  duration_ms: null,
  waiting_reasons: [],
  operator_task: {
    title: 'Look at it',
    fields: [
      { type: 'yes_no', name: 'any_bubbles', label: 'Any bubbles?' },
      { type: 'number', name: 'volume', label: 'Volume', unit: 'uL' },
    ],
  },
  ...given,
});

test('a step that waits for a person says since when in local time, and where its task is', () => {
  const message = 'Waits for somebody to do "Look at it". The device stays booked meanwhile.';
  const step = byHand({ waiting_reasons: [{ code: 'operator_task', message, task_id: 'task-1' }] });
  assert.equal(outcomeOf(step), `${message} Since ${clockTime('2026-03-01T12:00:00Z')}.`);
  assert.equal(
    afterAsking({ steps: [step] } as Workflow),
    'What is to be done: labwright tasks show task-1\n',
  );
  assert.equal(afterAsking({ steps: [byHand({ status: 'succeeded' })] } as Workflow), '');
});

test('what was answered stands beside what was asked', () => {
  const result = { any_bubbles: false, volume: 5, resolved_by_hand: 'seen' };
  const told = outcomeOf(byHand({ status: 'succeeded', result }));
  assert.equal(told, 'Any bubbles? no, Volume 5 uL, resolved_by_hand seen');
});

test('what a device took is what its log has, and nothing where Labwright was stopped meanwhile', () => {
  const ended = { status: 'succeeded', finished_at: '2026-03-01T20:00:00.123456Z' } as const;
  assert.equal(tookOf(byHand({ ...ended, operator_task: null, duration_ms: 4_200 })), '4.2 s');
  assert.equal(tookOf(byHand({ ...ended, operator_task: null })), null);
  assert.equal(tookOf(byHand(ended)), '8 h', 'a person took that long to answer');
});

test('a step that runs or comes behind is never called the last; one that was skipped is not done', () => {
  const step = (position: number, status: Step['status']) => byHand({ position, status });
  const after = (auto: boolean, ...statuses: Step['status'][]) => {
    const steps = statuses.map((status, index) => step(index + 1, status));
    return afterStep(step(1, 'succeeded'), { id: 'w', auto, steps } as Workflow);
  };
  for (const behind of ['pending', 'running', 'failed'] as const) {
    assert.match(after(true, 'succeeded', behind), /^The others follow by themselves/);
    assert.match(after(false, 'succeeded', behind), /^The next one:/);
  }
  assert.match(after(true, 'succeeded', 'succeeded'), /^That was the last one: it completes by itself/);
  assert.equal(progressOf({ steps: [step(1, 'succeeded'), step(2, 'skipped')] } as Workflow), '1/2');
});
