import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { createLinksDatabase } from '../testing/server.ts';
import { codeAllocator } from './allocate.ts';
import { base62, codeShape, codes, permutation } from './permute.ts';

test('every number has a number of its own', () => {
  const random = seededRandom('permutation');
  for (const limit of [1, 2, 3, 62, 1_000, 4_097, 62 ** 2]) {
    const shuffle = permutation(`secret ${random.seed}`, limit);
    const seen = new Set<number>();
    for (let number = 0; number < limit; number += 1) seen.add(shuffle(number));
    assert.equal(seen.size, limit);
    assert.ok(Math.max(...seen) < limit && Math.min(...seen) === 0);
  }
  assert.throws(() => permutation('a', 10)(10), RangeError);
  assert.throws(() => permutation('a')(codes), RangeError);
});

test('codes of numbers in a row have nothing to do with each other, and other secrets make others', () => {
  const shuffle = permutation('secret');
  const other = permutation('another secret');
  const made = Array.from({ length: 3_000 }, (_, number) => base62(shuffle(number)));
  assert.equal(new Set(made).size, made.length);
  assert.ok(made.every((code) => codeShape.test(code)));
  // Of 7 places, 1 in 62 is alike by chance: 0.11 on average.
  const alike = made
    .slice(1)
    .map((code, index) => [...code].filter((one, at) => one === made[index]?.[at]).length);
  const average = alike.reduce((sum, one) => sum + one, 0) / alike.length;
  assert.ok(average > 0.05 && average < 0.2, `${average}`);
  assert.ok(made.filter((code, number) => base62(other(number)) === code).length < 3);
  // Half of them are larger than the one before, as by tossing a coin.
  const rising = made.slice(1).filter((code, index) => code > (made[index] ?? '')).length;
  assert.ok(rising > 1_350 && rising < 1_650, `${rising}`);
});

test('several processes at once: no code twice, and one exchange for a thousand of them', async () => {
  const database = await createLinksDatabase();
  try {
    let asked = 0;
    const db = {
      ...database.db,
      first: ((statement, values) => {
        asked += statement.name === 'links.next_range' ? 1 : 0;
        return database.db.first(statement, values);
      }) as typeof database.db.first,
    };
    const allocators = [codeAllocator(db), codeAllocator(db), codeAllocator(db)];
    const made = await Promise.all(
      Array.from({ length: 4_500 }, (_, index) => allocators[index % 3]?.() ?? Promise.reject(new Error())),
    );
    assert.equal(new Set(made).size, 4_500);
    assert.equal(asked, 6, 'each needs two ranges for 1,500');
  } finally {
    await database.drop();
  }
});
