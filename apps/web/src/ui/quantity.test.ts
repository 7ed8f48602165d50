import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readName } from './quantity.ts';

test('a name says what it is, and in which unit', () => {
  assert.deepEqual(readName('volume_ul'), { words: 'volume', unit: 'µL' });
  assert.deepEqual(readName('flow_rate_ul_s'), { words: 'flow rate', unit: 'µL/s' });
  assert.deepEqual(readName('mix_cycles'), { words: 'mix cycles', unit: undefined });
  assert.deepEqual(readName('mean_c'), { words: 'mean', unit: '°C' });
  assert.deepEqual(readName('_s'), { words: ' s', unit: undefined });
});
