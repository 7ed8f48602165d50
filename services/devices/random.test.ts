import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type DeviceEvent, type Priority, priorities } from '@labwright/contract-devices';
import { isProblem } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import { seededRandom } from '@labwright/kernel/testing';
import Type, { type Static } from 'typebox';
import { type Laboratory, openLaboratory } from './testing/laboratory.ts';

/**
 * Hundreds of actions on few devices, many at a time, in an order that a seed makes. Afterwards the tables are
 * asked whether the invariants held. A trigger writes down each change of a queue, in the order in which it was
 * made, so that it can be told who waited when somebody else was booked.
 */
let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({ max: 20 });
  await lab.db.raw(`
    CREATE TABLE queue_changes (
      seq bigint GENERATED ALWAYS AS IDENTITY, was text, entry_id bigint, device_id text, status text,
      priority_value integer, queued_us bigint);
    CREATE FUNCTION note_queue_change() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO queue_changes (was, entry_id, device_id, status, priority_value, queued_us)
      VALUES (CASE WHEN TG_OP = 'UPDATE' THEN OLD.status END, NEW.id, NEW.device_id, NEW.status,
              NEW.priority_value, (extract(epoch FROM NEW.queued_at) * 1000000)::bigint);
      RETURN NEW;
    END $$;
    CREATE TRIGGER note AFTER INSERT OR UPDATE ON device_queue FOR EACH ROW EXECUTE FUNCTION note_queue_change();`);
});
after(() => lab.close());

const QueueChange = Type.Object({
  was: Type.Union([Type.String(), Type.Null()]),
  entry_id: Type.String(),
  device_id: Type.String(),
  status: Type.String(),
  priority_value: Type.Integer(),
  queued_us: Type.String(),
});
const queueChanges = rows(
  'test.random.queue_changes',
  QueueChange,
  'SELECT was, entry_id, device_id, status, priority_value, queued_us FROM queue_changes ORDER BY seq',
);

const faults = rows(
  'test.random.faults',
  Type.Object({ fault: Type.String() }),
  `SELECT 'two active bookings of ' || device_id AS fault FROM device_bookings
   WHERE status = 'active' GROUP BY device_id HAVING count(*) > 1
   UNION ALL
   SELECT 'the token fell at booking ' || id FROM (
     SELECT id, fencing_token, lag(fencing_token) OVER (PARTITION BY device_id ORDER BY id) AS before FROM device_bookings) b
   WHERE fencing_token <= before
   UNION ALL
   SELECT 'bookings overlap at ' || id FROM (
     SELECT id, booked_at, lag(released_at) OVER (PARTITION BY device_id ORDER BY id) AS before FROM device_bookings) b
   WHERE booked_at < before
   UNION ALL
   SELECT 'the counter of ' || d.id || ' is not its newest token' FROM devices d
   WHERE fencing_token <> (SELECT coalesce(max(b.fencing_token), 0) FROM device_bookings b WHERE b.device_id = d.id)
   UNION ALL
   SELECT d.id || ' is ' || status || ' against its bookings' FROM devices d
   WHERE status <> 'maintenance' AND (status = 'busy') <> EXISTS (
     SELECT FROM device_bookings b WHERE b.device_id = d.id AND b.status = 'active')
   UNION ALL
   SELECT d.id || ' is available and somebody waits' FROM devices d
   WHERE status = 'available' AND EXISTS (SELECT FROM device_queue q WHERE q.device_id = d.id AND q.status = 'queued')
   UNION ALL
   SELECT 'two waiting entries of ' || workflow_id FROM device_queue
   WHERE status = 'queued' GROUP BY device_id, workflow_id HAVING count(*) > 1
   UNION ALL
   SELECT 'a holder waits: ' || q.workflow_id FROM device_queue q
   JOIN device_bookings b USING (device_id, workflow_id) WHERE q.status = 'queued' AND b.status = 'active'
   UNION ALL
   SELECT 'entry ' || q.id || ' is ' || q.status || ' and has ' || count(b.id) || ' bookings' FROM device_queue q
   LEFT JOIN device_bookings b ON b.queue_entry_id = q.id
   GROUP BY q.id HAVING count(b.id) <> (CASE q.status WHEN 'booked' THEN 1 ELSE 0 END)`,
);

const rounds = 60;
const actionsAtOnce = 20;
const devices: string[] = [];
const workflows = Array.from({ length: 12 }, (_, index) => `w${index}`);
const expected = [
  'device_busy',
  'device_in_maintenance',
  'not_the_holder',
  'queue_entry_not_waiting',
  'queue_entry_not_found',
];

test('invariants 1 to 5 and 7 hold after hundreds of concurrent actions', { timeout: 300_000 }, async () => {
  const random = seededRandom('devices under concurrent actions');
  const pick = <T>(from: readonly T[]): T => {
    const picked = from[random.below(from.length)];
    if (picked === undefined) throw new Error('nothing to pick from');
    return picked;
  };
  for (let count = 0; count < 3; count += 1) devices.push(await lab.addDevice());
  const entries: { device_id: string; id: string }[] = [];

  const post = (path: string, body: object) => lab.request('POST', path, body);
  const act = async (): Promise<number> => {
    const id = pick(devices);
    const workflow_id = pick(workflows);
    const dice = random.below(100);
    if (dice < 20) return (await post(`/devices/${id}/book`, { workflow_id })).status;
    if (dice < 55) {
      const priority: Priority = pick(priorities);
      const { entry } = await lab.api.enqueue({ device_id: id, workflow_id, priority });
      entries.push({ device_id: id, id: entry.id });
      return 200;
    }
    if (dice < 75) {
      const { booking } = (await lab.api.getDevice(id)) as { booking?: { workflow_id: string } };
      return (await post(`/devices/${id}/release`, { workflow_id: booking?.workflow_id ?? workflow_id }))
        .status;
    }
    if (dice < 83 && entries.length > 0) {
      const entry = pick(entries);
      return (await lab.request('DELETE', `/devices/${entry.device_id}/queue/${entry.id}`)).status;
    }
    if (dice < 92) return (await post(`/devices/${id}/withdraw`, { workflow_id })).status;
    const status = dice < 95 ? 'maintenance' : 'available';
    return (await lab.request('PATCH', `/devices/${id}`, { status })).status;
  };

  for (let round = 0; round < rounds; round += 1) {
    const statuses = await Promise.all(
      Array.from({ length: actionsAtOnce }, () =>
        act().catch((error) => {
          if (isProblem(error, ...expected)) return error.status;
          throw error;
        }),
      ),
    );
    assert.deepEqual(
      statuses.filter((status) => ![200, 403, 404, 409].includes(status)),
      [],
    );
    assert.deepEqual(await lab.db.query(faults), [], `after round ${round}`);
  }
  const granted = checkOrder(await lab.db.query(queueChanges));
  assert.ok(granted > 50, `${granted} entries were booked`);
  await checkEvents(await allEvents());
});

type Entry = Static<typeof QueueChange>;

/** Whoever is booked is the first of those that wait at that moment. Answers how many were booked. */
function checkOrder(changes: readonly Entry[]): number {
  const queues = new Map(devices.map((id) => [id, new Map<string, Entry>()]));
  const place = (entry: Entry) => [entry.priority_value, Number(entry.queued_us), Number(entry.entry_id)];
  const comesBefore = (a: number[], b: number[]) => {
    const differs = a.findIndex((part, index) => part !== b[index]);
    return differs >= 0 && (a[differs] ?? 0) < (b[differs] ?? 0);
  };
  let booked = 0;
  for (const change of changes) {
    const waiting = queues.get(change.device_id);
    assert.ok(waiting);
    if (change.was !== null) assert.equal(change.was, 'queued', `entry ${change.entry_id} came back`);
    if (change.status === 'booked' && change.was === 'queued') {
      booked += 1;
      assert.ok(waiting.has(change.entry_id));
      for (const other of waiting.values())
        assert.ok(!comesBefore(place(other), place(change)), `${other.entry_id} was passed over`);
    }
    if (change.status === 'queued') waiting.set(change.entry_id, change);
    else waiting.delete(change.entry_id);
  }
  return booked;
}

async function allEvents(): Promise<DeviceEvent[]> {
  const events: DeviceEvent[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await lab.api.events({ ...(cursor === undefined ? {} : { cursor }), wait_seconds: 0 });
    if (page.events.length === 0) return events;
    events.push(...page.events);
    cursor = page.next_cursor;
  }
}

const holders = rows(
  'test.random.holders',
  Type.Object({ device_id: Type.String(), id: Type.String() }),
  `SELECT device_id, id FROM device_bookings WHERE status = 'active'`,
);

/** Whoever only follows the feed knows at each moment who holds each device. */
async function checkEvents(events: readonly DeviceEvent[]): Promise<void> {
  const holder = new Map<string, unknown>();
  const tokens = new Map<string, number>();
  for (const { type, device_id, data } of events) {
    if (type === 'booking.granted') {
      assert.equal(holder.get(device_id), undefined, `${device_id} was granted while it was held`);
      assert.ok(Number(data.fencing_token) > (tokens.get(device_id) ?? 0));
      holder.set(device_id, data.booking_id);
      tokens.set(device_id, Number(data.fencing_token));
    }
    if (type === 'booking.released') {
      assert.equal(holder.get(device_id), data.booking_id);
      holder.delete(device_id);
    }
  }
  const held = await lab.db.query(holders);
  assert.deepEqual(
    new Map([...holder].sort()),
    new Map(held.map(({ device_id, id }): [string, string] => [device_id, id]).sort()),
  );
}
