/** Live events reach the sockets of this process at once, and other processes together. */
import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { createLiveEvents, type ToldEvent } from './live-events.ts';

test('what is published is emitted here at once, and told to others in few portions, each event once', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const largest = 6_000;
  const here: string[] = [];
  const there: string[] = [];
  const portions: ToldEvent[][] = [];
  const emitInto = (log: string[]) => (room: string, event: { type: string; data: unknown }) =>
    void log.push(`${room} ${(event.data as { n: number }).n}`);
  const other = createLiveEvents({
    log: silentLog,
    largest,
    emit: emitInto(there),
    tell: () => assert.fail('what was told is not told on'),
  });
  const live = createLiveEvents({
    log: silentLog,
    largest,
    emit: emitInto(here),
    tell: () => (events) => {
      portions.push(events);
      other.receive(events);
    },
  });
  const many = 1_000;
  for (let n = 0; n < many; n += 1) {
    const event = { type: 'device.changed', data: { n, text: n === 500 ? 'x'.repeat(largest) : '' } };
    for (const room of [`device:${n % 200}`, 'lab']) live.publish(room, event);
  }
  assert.equal(here.length, 2 * many);
  assert.equal(portions.length, 0);
  mock.timers.tick(1_000);
  assert.deepEqual(there, here, 'every event once for each of its rooms, in their order');
  assert.ok(portions.length < many / 20, `${portions.length} portions`);
  for (const portion of portions)
    assert.ok(
      portion.length === 1 ||
        portion.reduce((sum, event) => sum + Buffer.byteLength(JSON.stringify(event)), 0) <= largest,
    );
  mock.timers.reset();
});

test('where nobody else is there nothing waits, and a room that cannot be told keeps none of the others from it', () => {
  const here: string[] = [];
  const live = createLiveEvents({
    log: silentLog,
    largest: 100,
    emit: (room) => {
      if (room === 'broken') throw new Error('no');
      here.push(room);
    },
    tell: () => undefined,
  });
  for (const room of ['broken', 'lab']) live.publish(room, { type: 'told', data: null });
  assert.deepEqual(here, ['lab']);
});
