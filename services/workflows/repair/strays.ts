import { isProblem } from '@labwright/kernel/errors';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import type { CoreDeps } from '../deps.ts';

const Stray = Type.Object({
  device_id: Type.String(),
  workflow_id: Type.String(),
  booking_id: Type.String(),
});

/** What a device gave to a workflow that wants nothing of it: `booking_id` is '' for whatever it has there. */
export type Stray = Static<typeof Stray>;

/** Remembers what is to be withdrawn: device, workflow, booking. */
export const noteStray = command(
  'workflows.strays.note',
  'INSERT INTO strays (device_id, workflow_id, booking_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
);

// Index strays_due.
const take = rows(
  'workflows.strays.take',
  Stray,
  `UPDATE strays SET due_at = clock_timestamp() + make_interval(secs => $1::float8)
   WHERE (device_id, workflow_id, booking_id) IN (
     SELECT device_id, workflow_id, booking_id FROM strays WHERE due_at <= clock_timestamp()
     ORDER BY due_at LIMIT 20 FOR UPDATE SKIP LOCKED)
   RETURNING device_id, workflow_id, booking_id`,
);

const forget = command(
  'workflows.strays.forget',
  'DELETE FROM strays WHERE device_id = $1 AND workflow_id = $2 AND booking_id = $3',
);

/** Those that are due, at most 20, ours for a lease. */
export const takeStrays = (deps: CoreDeps): Promise<Stray[]> =>
  deps.db.query(take, [deps.settings.actionLeaseMs / 1_000]);

/** Throws what device-service answers, such as `device_operating`: then it is due again after its lease. */
export async function withdrawStray(deps: CoreDeps, stray: Stray): Promise<void> {
  const { device_id, workflow_id, booking_id } = stray;
  try {
    await deps.devices.withdraw({
      device_id,
      workflow_id,
      ...(booking_id === '' ? {} : { booking_id }),
      reason: 'The workflow is over, or was deleted',
    });
  } catch (error) {
    // A device that is gone is held by nobody.
    if (!isProblem(error, 'device_not_found')) throw error;
  }
  await deps.db.execute(forget, [device_id, workflow_id, booking_id]);
}
