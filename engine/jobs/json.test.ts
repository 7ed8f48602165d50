import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { jsonArray, storableJson } from './json.ts';

const read = rows(
  'test.json_array',
  Type.Object({ value: Type.Unknown() }),
  'SELECT value FROM unnest($1::jsonb[]) WITH ORDINALITY AS given (value, place) ORDER BY place',
);

test('whatever can be stored comes through an array as it was', async () => {
  const database = await createTestDatabase([]);
  try {
    const values = [
      { plain: 1 },
      'NULL',
      null,
      '',
      '{"a,b"}',
      'back\\slash, "quote", \'apostrophe\'',
      'line\nfeed\ttab\u0001\u007f',
      'é 漢字 🧪 \u2028 \u2029',
      ['nested', { deep: ['\\"', '\\\\'] }],
    ];
    const texts = values.map((value) => storableJson(value, 'It'));
    const answered = await database.db.query(read, [jsonArray([...texts, null])]);
    assert.deepEqual(
      answered.map(({ value }) => value),
      [...values, null],
    );
    assert.deepEqual(await database.db.query(read, [jsonArray([])]), []);
  } finally {
    await database.drop();
  }
});
