import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions, UsageError } from './options.ts';
import type { Scenario } from './scenarios/scenario.ts';

const scenario = (name: string): Scenario => ({ name, method: '', limitSeconds: 1, run: async () => [] });
const known = [scenario('race'), scenario('queue')];

test('without names everything runs, with names those in the order of the table', () => {
  assert.deepEqual(readOptions([], known).scenarios, known);
  assert.deepEqual(
    readOptions(['queue', 'race'], known).scenarios.map(({ name }) => name),
    ['race', 'queue'],
  );
  assert.deepEqual(readOptions(['--rounds', '9', '--logs', '60000'], known).settings, {
    rounds: 9,
    logs: 60_000,
    jobs: 1_000_000,
    share: 1,
  });
});

test('what takes minutes runs where it is named, or with all', () => {
  const long = { ...scenario('steady'), onRequest: true };
  const withLong = [...known, long];
  assert.deepEqual(readOptions([], withLong).scenarios, known);
  assert.deepEqual(readOptions(['--all'], withLong).scenarios, withLong);
  assert.deepEqual(readOptions(['steady'], withLong).scenarios, [long]);
});

test('what cannot be is refused with a sentence', () => {
  for (const args of [
    ['nothing'],
    ['--rounds', '4'],
    ['--logs', 'many'],
    ['--write', 'race'],
    ['--write', '--small'],
    ['--jobs', '10'],
    ['--write', '--node-options', ''],
    ['--nonsense'],
  ])
    assert.throws(() => readOptions(args, known), UsageError, args.join(' '));
});
