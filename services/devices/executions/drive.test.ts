import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Execution } from '@labwright/contract-devices';
import type { Command, Driver, Inquiry, Outcome } from '@labwright/driver-kit';
import { drive, type Task } from './drive.ts';

const execution: Execution = {
  id: '42',
  execution_id: 'attempt-1',
  device_id: 'mixer-1',
  device_type: 'mixer',
  workflow_id: 'w1',
  operation: 'mix',
  parameters: { volume_ul: 5 },
  fencing_token: 3,
  status: 'running',
  result: null,
  error: null,
  started_at: '2025-01-01T00:00:00Z',
  finished_at: null,
  duration_ms: null,
};

type Step = Outcome | Inquiry | Error;

interface Story {
  isNew?: boolean;
  safeToRepeat?: boolean;
  /** What each call answers, in order; an error is thrown. The last one goes on. */
  opens?: (Error | 'opens')[];
  executes?: Step[];
  inquires?: Step[];
  waits?: Step[];
  obstacle?: string;
  /** After how many calls of the driver the execution is no longer ours. */
  oursFor?: number;
}

/** Plays a story and answers the verdict with every call in order. */
async function play(story: Story) {
  const calls: string[] = [];
  const pauses: number[] = [];
  let driverCalls = 0;
  const next = <T>(steps: T[] | undefined, call: string): T => {
    calls.push(call);
    const step = steps && (steps.length > 1 ? steps.shift() : steps[0]);
    if (step === undefined) throw new Error(`${call} was not foreseen`);
    return step;
  };
  const answer = async <T>(steps: Step[] | undefined, call: string): Promise<T> => {
    driverCalls += 1;
    const step = next(steps, call);
    if (step instanceof Error) throw step;
    return step as T;
  };
  const driver: Driver = {
    operations: new Map(),
    execute: ({ execution_id }: Command) => answer(story.executes, `execute ${execution_id}`),
    inquire: (id) => answer(story.inquires, `inquire ${id}`),
    wait: (id) => answer(story.waits, `wait ${id}`),
    close: async () => {},
  };
  const task: Task = {
    execution,
    isNew: story.isNew ?? true,
    safeToRepeat: story.safeToRepeat ?? false,
    driver: async () => {
      const step = story.opens ? next(story.opens, 'open') : 'opens';
      if (step instanceof Error) throw step;
      return driver;
    },
    discardDriver: () => calls.push('discard'),
    abort: new AbortController().signal,
    mayAct: () => driverCalls < (story.oursFor ?? Number.POSITIVE_INFINITY),
    obstacle: async () => story.obstacle ?? null,
    pause: async (ms) => {
      pauses.push(ms);
    },
  };
  return { verdict: await drive(task), calls, pauses };
}

const lost = new Error('the line broke');
const done: Outcome = { status: 'succeeded', result: { volume_ul: 5 } };
const failed: Outcome = { status: 'failed', error: { code: 'clogged_tip', message: 'Tip 3.', faults: [] } };
const running: Inquiry = { status: 'running', fraction: 0.5 };
const notStarted: Inquiry = { status: 'not_started' };
const unknown: Inquiry = { status: 'unknown', reason: 'it was switched off' };
const outcomeUnknown = {
  status: 'unknown',
  error: { code: 'outcome_unknown', message: 'it was switched off' },
  timed: false,
};
const repeat = (number: number) => `${'42'.padStart(64, '0')}-repeat-${number}`;

test('sent, and its outcome answered', async () => {
  const success = await play({ executes: [done] });
  assert.deepEqual(success.verdict, { ...done, timed: true });
  assert.deepEqual(success.calls, ['execute attempt-1']);
  const failure = await play({ executes: [failed] });
  assert.deepEqual(failure.verdict, {
    status: 'failed',
    error: { code: 'clogged_tip', message: 'Tip 3.' },
    timed: true,
  });
});

test('the line breaks, and the instrument is asked: it ended, or is followed to its end', async () => {
  const ended = await play({ executes: [lost], inquires: [done] });
  assert.deepEqual(ended.verdict, { ...done, timed: true });
  const followed = await play({ executes: [lost], inquires: [running], waits: [failed] });
  assert.equal(followed.verdict?.status, 'failed');
  assert.deepEqual(followed.calls, ['execute attempt-1', 'inquire attempt-1', 'wait attempt-1']);
});

test('nobody knows: unknown, and never sent again', async () => {
  const { verdict, calls } = await play({ executes: [lost], inquires: [unknown] });
  assert.deepEqual(verdict, outcomeUnknown);
  assert.deepEqual(calls, ['execute attempt-1', 'inquire attempt-1']);
  const later = await play({ executes: [lost], inquires: [running], waits: [unknown] });
  assert.deepEqual(later.verdict, outcomeUnknown);
});

test('nobody knows, and it is safe to repeat: done anew, twice at most, each under an id of its own', async () => {
  const second = await play({ safeToRepeat: true, executes: [lost, done], inquires: [unknown] });
  assert.deepEqual(second.verdict, { ...done, timed: true });
  assert.deepEqual(second.calls, ['execute attempt-1', 'inquire attempt-1', `execute ${repeat(1)}`]);
  const never = await play({ safeToRepeat: true, executes: [lost], inquires: [unknown] });
  assert.deepEqual(never.verdict, outcomeUnknown);
  assert.deepEqual(
    never.calls.filter((call) => call.startsWith('execute')),
    ['execute attempt-1', `execute ${repeat(1)}`, `execute ${repeat(2)}`],
  );
  assert.ok(repeat(1).length > 64 && repeat(1).length <= 200);
  const over = await play({
    safeToRepeat: true,
    executes: [lost],
    inquires: [unknown],
    obstacle: 'it is over',
  });
  assert.deepEqual(over.verdict, outcomeUnknown);
});

test('the order got lost: sent again, three times in all', async () => {
  const { verdict, calls } = await play({ executes: [lost, done], inquires: [notStarted] });
  assert.deepEqual(verdict, { ...done, timed: true });
  assert.deepEqual(calls, ['execute attempt-1', 'inquire attempt-1', 'execute attempt-1']);
  const never = await play({ executes: [lost], inquires: [notStarted] });
  assert.equal(never.verdict?.status, 'failed');
  assert.equal(never.verdict.error.code, 'not_started');
  assert.equal(never.calls.filter((call) => call.startsWith('execute')).length, 3);
});

test('the instrument cannot be asked: asked again over a new line, some times, with growing pauses', async () => {
  const back = await play({ executes: [lost], inquires: [lost, lost, done] });
  assert.equal(back.verdict?.status, 'succeeded');
  assert.deepEqual(back.pauses, [500, 1_000]);
  assert.equal(back.calls.filter((call) => call === 'discard').length, 2);
  const never = await play({ executes: [lost], inquires: [lost] });
  assert.deepEqual(never.verdict, {
    ...outcomeUnknown,
    error: { code: 'outcome_unknown', message: 'the line broke' },
  });
  assert.deepEqual(never.pauses, [500, 1_000, 2_000, 4_000, 8_000]);
});

test('it runs, but cannot be followed: asked for as long as it says that it runs', async () => {
  const waits = [...Array.from({ length: 20 }, () => lost), done];
  const { verdict, pauses } = await play({ executes: [lost], inquires: [running], waits });
  assert.equal(verdict?.status, 'succeeded');
  assert.deepEqual(new Set(pauses), new Set([1_000]));
});

test('the driver cannot be opened: a definite failure at first, a question that stays open later', async () => {
  const first = await play({ opens: [new Error('switched off')] });
  assert.equal(first.verdict?.status, 'failed');
  assert.deepEqual(first.verdict.error, {
    code: 'driver_unavailable',
    message: 'The driver of mixer-1 cannot be opened: switched off. Nothing has moved.',
  });
  const later = await play({ isNew: false, opens: [lost, 'opens'], inquires: [done] });
  assert.equal(later.verdict?.status, 'succeeded');
  const never = await play({ isNew: false, opens: [lost] });
  assert.equal(never.verdict?.status, 'unknown');
});

test('taken over: asked first, and begun only where that is certain and the booking holds', async () => {
  const ended = await play({ isNew: false, inquires: [done] });
  assert.deepEqual(ended.verdict, { ...done, timed: false });
  const followed = await play({ isNew: false, inquires: [running], waits: [done] });
  assert.deepEqual(followed.verdict, { ...done, timed: true });
  const begun = await play({ isNew: false, inquires: [notStarted], executes: [done] });
  assert.deepEqual(begun.calls, ['inquire attempt-1', 'execute attempt-1']);
  assert.deepEqual(begun.verdict, { ...done, timed: false });
  const over = await play({ isNew: false, inquires: [notStarted], obstacle: 'the booking is over' });
  assert.deepEqual(over.calls, ['inquire attempt-1']);
  assert.deepEqual(over.verdict?.status === 'failed' && over.verdict.error, {
    code: 'not_started',
    message: 'It had not begun, and the booking is over. Nothing has moved.',
  });
  const open = await play({ isNew: false, inquires: [unknown] });
  assert.deepEqual(open.verdict, outcomeUnknown);
});

test('as soon as it is not ours nothing is sent or asked, and there is no verdict', async () => {
  assert.deepEqual(await play({ oursFor: 0 }), { verdict: undefined, calls: [], pauses: [] });
  const sent = await play({ oursFor: 1, executes: [lost] });
  assert.deepEqual([sent.verdict, sent.calls], [undefined, ['execute attempt-1']]);
  const asked = await play({
    oursFor: 2,
    executes: [lost],
    inquires: [notStarted],
    obstacle: 'nobody answers',
  });
  assert.equal(asked.verdict, undefined);
  const tired = await play({ oursFor: 3, executes: [lost], inquires: [lost] });
  assert.equal(tired.verdict, undefined);
});

test('a record that names nobody to ask stays open', async () => {
  const verdict = await drive({
    execution: { ...execution, fencing_token: null },
    isNew: false,
    safeToRepeat: true,
    driver: () => Promise.reject(new Error('not asked')),
    abort: new AbortController().signal,
    discardDriver: () => {},
    mayAct: () => true,
    obstacle: async () => null,
    pause: async () => {},
  });
  assert.equal(verdict?.status, 'unknown');
});
