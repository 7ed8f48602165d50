import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sentence } from './sentence.ts';

test('a text that another one follows ends with a full stop, and with one only', () => {
  assert.equal(sentence('it is clogged'), 'it is clogged.');
  for (const whole of ['It is clogged.', 'Is it clogged?', 'Clogged …', '(It is clogged.)', ''])
    assert.equal(sentence(`${whole} `), whole);
});
