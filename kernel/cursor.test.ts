import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isText, isTimestamp, isUuid, readCursor, writeCursor } from './cursor.ts';

const word = isText(/^[a-z]+$/);
const raw = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

test('what was written is read, by the same list alone', () => {
  const cursor = writeCursor('tasks', 'open', 'abc', 7);
  assert.deepEqual(readCursor<string | number>(cursor, ['tasks', 'open'], [word, Number.isInteger]), [
    'abc',
    7,
  ]);
  assert.equal(readCursor(cursor, ['tasks', 'done'], [word, Number.isInteger]), undefined);
  assert.equal(readCursor(cursor, ['tasks'], [word, Number.isInteger]), undefined);
});

test('anything else is none', () => {
  for (const text of [
    '',
    'nonsense',
    raw(5),
    raw({}),
    raw(['tasks']),
    raw(['tasks', 'A']),
    raw(['tasks', 'a', 'b']),
  ])
    assert.equal(readCursor(text, ['tasks'], [word]), undefined, text);
  const good = writeCursor('tasks', 'a');
  assert.equal(readCursor(`${good}!`, ['tasks'], [word]), undefined);
  assert.equal(readCursor(`${good}=`, ['tasks'], [word]), undefined);
});

test('times are of a day that there is, ids are ids', () => {
  assert.ok(isTimestamp('2026-02-28T10:00:00.123456Z'));
  for (const time of ['2026-02-30T10:00:00Z', '0000-01-01T00:00:00Z', '2026-02-28 10:00:00Z', 5])
    assert.equal(isTimestamp(time), false, String(time));
  assert.ok(isUuid('00000000-0000-8000-a000-000000000000'));
  assert.equal(isUuid('00000000-0000-8000-a000-00000000000g'), false);
});
