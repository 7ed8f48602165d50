/*
 * Random flows, and what they must come to: a small model of a few lines, with which the states of the steps are compared when
 * nothing moves any more.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import Type from 'typebox';
import { chain, defineTask, type Flow, type FlowRecord, type FlowStep, group, step } from '../../index.ts';

export const play = defineTask({
  name: 'play',
  args: Type.Object({
    value: Type.Integer(),
    fails: Type.Boolean(),
    ms: Type.Integer(),
    input: Type.Optional(Type.Unknown()),
  }),
  retryDelayMs: 1,
});

interface Random {
  next(): number;
  below(n: number): number;
}

/** What a step answers: its own value, and a digest of what it was given. */
export const answer = ({ value, input }: { value: number; input?: unknown }) => ({
  value,
  given: input === undefined ? null : digest(input),
});

// Which error it was depends on who was first.
const digest = (value: unknown): string =>
  createHash('md5')
    .update(
      JSON.stringify(value, (_key, part) =>
        part && typeof part === 'object' && !Array.isArray(part)
          ? 'error' in part
            ? { error: true }
            : Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
          : part,
      ),
    )
    .digest('hex');

/** A flow of some steps; one in `oneFails` of them fails. */
export function randomFlow(random: Random, queue: string, oneFails: number): Flow {
  let values = 0;
  const make = (depth: number, hasInput: boolean): Flow => {
    const kind = random.next();
    if (depth > 0 && (depth === 3 || kind < 0.65)) {
      const count = 1 + random.below(depth === 3 ? 5 : 4);
      if (kind < 0.33)
        return chain(Array.from({ length: count }, (_, index) => make(depth - 1, hasInput || index > 0)));
      return group(
        Array.from({ length: count }, () => make(depth - 1, hasInput)),
        { onFailure: random.next() < 0.5 ? 'collect' : 'fail' },
      );
    }
    values += 1;
    const args = { value: values, fails: random.below(oneFails) === 0, ms: random.below(30) };
    const options = {
      queue,
      maxAttempts: 4,
      priority: random.below(3),
      ...(random.next() < 0.2 ? { key: `key ${random.below(4)}` } : {}),
    };
    return hasInput && random.next() < 0.7
      ? step(play, args, { ...options, resultAs: 'input' })
      : step(play, args, options);
  };
  return make(3, false);
}

/** `none`: it did not come to its end, which is only right where something around it failed, or the flow was cancelled. */
type Came =
  | { state: 'succeeded'; value: unknown }
  | { state: 'failed' }
  | { state: 'none'; touched: boolean };

/** Compares a flow in which nothing moves any more with what must have become of it. */
export function compare(flow: Flow, record: FlowRecord, steps: readonly FlowStep[]): void {
  const byNode = new Map(steps.map((one) => [one.node, one]));
  let at = 0;
  const came = (part: Flow, input: unknown): Came => {
    const node = at++;
    if (part.kind === 'step') {
      const found = byNode.get(node);
      assert.ok(found, `node ${node} is no step`);
      assert.notEqual(found.state, 'open', `node ${node} still moves`);
      if (found.state === 'failed') return { state: 'failed' };
      if (found.state !== 'succeeded') return { state: 'none', touched: found.state !== 'blocked' };
      const { value } = part.args as { value: number };
      const expected = answer({ value, input: part.resultAs === null ? undefined : input });
      assert.deepEqual(found.result, expected, `node ${node}`);
      return { state: 'succeeded', value: expected };
    }
    if (part.kind === 'chain') {
      let last: Came = { state: 'none', touched: false };
      let stopped: Came | undefined;
      let before = input;
      for (const child of part.children) {
        last = came(child, before);
        if (stopped)
          assert.deepEqual(last, { state: 'none', touched: false }, `something ran before node ${at - 1}`);
        else if (last.state === 'succeeded') before = last.value;
        else stopped = last.state === 'failed' ? last : { state: 'none', touched: true };
      }
      // Where not even the first began, nothing of the chain did.
      if (stopped?.state === 'none' && untouched(node, at)) return { state: 'none', touched: false };
      return stopped ?? last;
    }
    const children = part.children.map((child) => came(child, input));
    const open = children.some(({ state }) => state === 'none');
    if (!part.collect && children.some(({ state }) => state === 'failed')) return { state: 'failed' };
    if (open) return { state: 'none', touched: !untouched(node, at) };
    return {
      state: 'succeeded',
      value: children.map((child) => {
        if (!part.collect) return child.state === 'succeeded' ? child.value : null;
        return child.state === 'succeeded' ? { ok: child.value } : { error: true };
      }),
    };
  };
  const untouched = (from: number, to: number) =>
    steps.every(({ node, state }) => node < from || node >= to || state === 'blocked');
  const whole = came(flow, undefined);
  if (record.state === 'cancelled') return;
  assert.equal(record.state, whole.state);
  if (whole.state === 'succeeded') assert.equal(digest(record.result), digest(whole.value));
  if (whole.state === 'failed')
    assert.ok((record.error?.causes.length ?? 0) > 0, 'it failed without a cause');
}
