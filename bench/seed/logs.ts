import { type DemoLogs, seedLogs } from '@labwright/devices/demo';
import type { Db } from '@labwright/kernel/db';
import type { ClientBase } from 'pg';

const day = 86_400_000;
const year = { from: Date.UTC(2025, 0, 1), to: Date.UTC(2026, 0, 1) };

const typicalSeconds: DemoLogs['typical_seconds'] = {
  pipette_transfer: 45,
  mix: 20,
  incubate: 1_800,
  shake: 300,
  plate_read: 90,
  read_absorbance: 60,
};

/** So many execution logs of eight devices over the year 2025, as the demo makes them. */
export async function seedYear(
  client: ClientBase,
  db: Db,
  count: number,
  onProgress: (done: number) => void,
): Promise<void> {
  await client.query(
    `INSERT INTO devices (id, name, type, capabilities)
     SELECT kind.type || '-' || i, kind.type || ' ' || i, kind.type, kind.capabilities
     FROM generate_series(1, 4) AS i,
          (VALUES ('liquid_handler', '{pipette_transfer,mix}'::text[]),
                  ('plate_reader', '{plate_read,read_absorbance}')) AS kind (type, capabilities)`,
  );
  const workflows = Array.from({ length: 500 }, (_, index) => `workflow-${index + 1}`);
  const plan = { ...year, count, typical_seconds: typicalSeconds, workflow_ids: workflows };
  await seedLogs(db, plan, onProgress);
}

/** A day of that year, `2025-01-31`; spread so that neighbours in number are not neighbours in time. */
export function dayOfYear(index: number): string {
  return new Date(year.from + ((index * 149) % 365) * day).toISOString().slice(0, 10);
}
