import type { Db } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type DemoLogs, seedLogs } from './seed-logs.ts';

export { countLogs, type DemoLogs, seedLogs } from './seed-logs.ts';

/** What a demo laboratory has on the side of the instruments. Times in milliseconds since 1970. */
export interface DemoDevices {
  devices: {
    id: string;
    name: string;
    type: string;
    nests: number;
    location: string;
    capabilities: string[];
    settings: Record<string, unknown>;
  }[];
  workflows: { id: string; device_id: string; steps: string[]; status: string; created_at: number }[];
  logs: DemoLogs;
}

/** Any constant that no other lock uses. */
const lock = command('devices.demo.lock', 'SELECT pg_advisory_xact_lock(5001500101)');

const anyDevice = rows(
  'devices.demo.any',
  Type.Object({ id: Type.String() }),
  'SELECT id FROM devices LIMIT 1',
);

const insertDevices = command(
  'devices.demo.devices',
  `INSERT INTO devices (id, name, type, nests, location, capabilities, settings)
   SELECT d.id, d.name, d.type, d.nests, d.location, d.capabilities, d.settings
   FROM jsonb_to_recordset($1::jsonb)
     AS d (id text, name text, type text, nests integer, location text, capabilities text[], settings jsonb)`,
);

/** The bookings of the workflows that have ended: each an hour long, tokens rising with time. */
const insertBookings = command(
  'devices.demo.bookings',
  `INSERT INTO device_bookings
     (device_id, workflow_id, fencing_token, status, operations, booked_at, released_at, release_reason)
   SELECT w.device_id, w.id, row_number() OVER (PARTITION BY w.device_id ORDER BY w.created_at), 'released',
          w.steps, to_timestamp(w.created_at / 1000.0), to_timestamp(w.created_at / 1000.0) + interval '1 hour',
          'The workflow ended'
   FROM jsonb_to_recordset($1::jsonb) AS w (id text, device_id text, steps text[], status text, created_at float8)
   WHERE w.status <> 'created'
   ORDER BY w.created_at`,
);

const raiseTokens = command(
  'devices.demo.tokens',
  `UPDATE devices d SET fencing_token = b.newest
   FROM (SELECT device_id, max(fencing_token) AS newest FROM device_bookings GROUP BY device_id) b
   WHERE b.device_id = d.id`,
);

/** Puts the demo laboratory into an empty database; leaves any other as it is. Answers whether it did. */
export async function seedDevices(db: Db, plan: DemoDevices): Promise<boolean> {
  const seeded = await db.transaction(async (tx) => {
    await tx.execute(lock);
    if (await tx.first(anyDevice)) return false;
    await tx.execute(insertDevices, [JSON.stringify(plan.devices)]);
    await tx.execute(insertBookings, [JSON.stringify(plan.workflows)]);
    await tx.execute(raiseTokens);
    return true;
  });
  if (seeded) await seedLogs(db, plan.logs);
  return seeded;
}
