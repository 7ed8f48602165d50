import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { openDb } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase, seededRandom, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { devicesMigrations } from '../index.ts';
import { deviceEvents } from './events.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase(devicesMigrations, { max: 25 });
});
after(() => database.drop());

const write = rows(
  'test.follow.write',
  Type.Object({ id: Type.String() }),
  `INSERT INTO events (type, device_id) VALUES ('device.changed', $1) RETURNING id`,
);

/** Gives others a turn, so that transactions interleave in a different way each time. */
const turns = async (count: number) => {
  for (let turn = 0; turn < count; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

test('a reader that follows misses nothing and sees nothing twice, in whatever order writers commit', async () => {
  const random = seededRandom('feed under concurrent writers');
  const { db } = database;
  const reader = openDb({ url: database.url, applicationName: 'reader' });
  const committed: string[] = [];
  const held: (() => void)[] = [];
  let writing = true;

  const writer = async (name: number) => {
    for (let round = 0; round < 25; round += 1) {
      const rollback = random.below(6) === 0;
      const made: string[] = [];
      const work = db.transaction(async (tx) => {
        made.length = 0;
        const count = 1 + random.below(4);
        for (let event = 0; event < count; event += 1) {
          made.push(...(await tx.query(write, [`w${name}`])).map(({ id }) => id));
          await turns(random.below(20));
        }
        // Now and then a transaction is held open while others, begun later, commit.
        if (random.below(5) === 0) {
          await new Promise<void>((resolve) => {
            held.push(resolve);
            if (held.length > 3) held.shift()?.();
          });
        }
        if (rollback) throw new Error('rolled back');
      });
      await work.then(
        () => committed.push(...made),
        () => {},
      );
    }
  };

  const seen: string[] = [];
  const follow = async () => {
    let cursor: string | undefined;
    for (;;) {
      const last = !writing;
      const page = await deviceEvents.read(reader, cursor);
      seen.push(...page.events.map(({ id }) => id));
      cursor = page.next_cursor;
      if (page.events.length === 0) {
        if (last) return;
        // Nobody is let wait for ever: when all writers hold, one goes on.
        held.shift()?.();
        await turns(3);
      }
    }
  };

  try {
    const following = follow();
    const writers = Promise.all(Array.from({ length: 20 }, (_, index) => writer(index)));
    await writers;
    writing = false;
    await following;
    assert.ok(committed.length > 500);
    assert.equal(new Set(seen).size, seen.length, 'an event was seen twice');
    assert.deepEqual(
      [...seen].sort((a, b) => Number(a) - Number(b)),
      [...committed].sort((a, b) => Number(a) - Number(b)),
    );
  } finally {
    await reader.close();
  }
});
