import { command } from '@labwright/kernel/statement';
import { openDeviceDatabase, openWorkflowDatabase } from '../database.ts';
import type { BrowserLab } from '../lab.ts';

/** Minutes before now at which it began, minutes that it took, and how it ended where that was not well. */
type Done = [operation: string, began: number, took: number, status?: 'failed' | 'unknown'];

/** A workflow of the demo laboratory that ended, by its number there. */
interface Run {
  readonly device: string;
  readonly workflow: number;
  readonly done: readonly Done[];
}

/** What a morning looks like: instruments that work one after the other, with a fault and its repair. */
const morning: readonly Run[] = [
  { device: 'centrifuge-1', workflow: 6, done: [['spin', 41, 6.2]] },
  { device: 'centrifuge-1', workflow: 12, done: [['spin', 19, 6]] },
  { device: 'incubator-1', workflow: 2, done: [['incubate', 40, 30]] },
  { device: 'incubator-2', workflow: 14, done: [['set_temperature', 44, 10.4]] },
  { device: 'incubator-2', workflow: 14, done: [['incubate', 33, 30.5]] },
  {
    device: 'liquid-handler-1',
    workflow: 1,
    done: [
      ['pipette_transfer', 44, 1.7],
      ['dispense_reagent', 42, 5.8],
      ['mix', 36, 2],
    ],
  },
  {
    device: 'liquid-handler-1',
    workflow: 25,
    done: [
      ['dispense_reagent', 29, 4, 'failed'],
      ['dispense_reagent', 20, 5.6],
      ['mix', 14, 1.9],
    ],
  },
  {
    device: 'liquid-handler-2',
    workflow: 4,
    done: [
      ['aspirate', 38, 1.6],
      ['pipette_transfer', 36, 1.7],
      ['mix', 34, 1.9],
      ['dispense_reagent', 31.5, 5.7],
    ],
  },
  {
    device: 'liquid-handler-2',
    workflow: 7,
    done: [
      ['dispense_reagent', 16, 5.7],
      ['mix', 10, 2],
      ['dispense_reagent', 7.5, 5.6],
    ],
  },
  {
    device: 'plate-reader-1',
    workflow: 3,
    done: [
      ['plate_read', 25, 5.2],
      ['read_absorbance', 19.5, 5.3],
    ],
  },
  { device: 'plate-reader-1', workflow: 15, done: [['plate_read', 8, 5.1]] },
  { device: 'plate-reader-2', workflow: 9, done: [['read_absorbance', 27, 3, 'unknown']] },
  { device: 'thermocycler-1', workflow: 5, done: [['run_pcr', 71, 64]] },
];

const faults = {
  failed: { code: 'clogged_tip', message: 'The instrument stopped by itself.' },
  unknown: { code: 'outcome_unknown', message: 'The connection was lost while it moved.' },
};

const insert = command(
  'screenshots.past',
  `INSERT INTO execution_logs
     (device_id, device_type, workflow_id, operation, status, result, error, started_at, finished_at, duration_ms)
   SELECT p.device, d.type, p.workflow, p.operation, p.status, CASE p.status WHEN 'succeeded' THEN '{}'::jsonb END, p.error,
          now() - p.began * interval '1 minute', now() - (p.began - p.took) * interval '1 minute', p.took * 60000
   FROM jsonb_to_recordset($1::jsonb)
     AS p (device text, workflow text, operation text, began float8, took float8, status text, error jsonb)
   JOIN devices d ON d.id = p.device
   ORDER BY p.began DESC`,
);

/** What the demo's simulators did in a second takes as long as it does for real: what is expected is reckoned by these. */
const slowDown = command(
  'screenshots.slow_down',
  `UPDATE execution_logs SET duration_ms = duration_ms * f.factor, finished_at = started_at + duration_ms * f.factor * interval '1 ms'
   FROM (VALUES ('liquid_handler', 600), ('plate_reader', 600), ('incubator', 60), ('centrifuge', 60), ('thermocycler', 60))
     AS f (type, factor) WHERE device_type = f.type AND status <> 'running'`,
);

/** Gives the laboratory an hour behind it, at the pace of real instruments: nobody waits for it to pass. */
export async function givePast(lab: BrowserLab): Promise<void> {
  const rows = morning.flatMap(({ device, workflow, done }) =>
    done.map(([operation, began, took, status]) => ({
      device,
      // As apps/demo names them.
      workflow: `00000000-0000-4000-8000-${String(workflow).padStart(12, '0')}`,
      operation,
      began,
      took,
      status: status ?? 'succeeded',
      error: status ? faults[status] : null,
    })),
  );
  const db = await openDeviceDatabase(lab);
  try {
    await db.execute(slowDown);
    await db.execute(insert, [JSON.stringify(rows)]);
  } finally {
    await db.close();
  }
}

const minutes = (count: number) => `interval '${count} minutes'`;

/** The step that ended took two minutes, and those that run have done so for four. */
const devicesBack = [
  command(
    'screenshots.back.ended',
    `UPDATE execution_logs SET started_at = now() - ${minutes(6)}, finished_at = now() - ${minutes(4)}, duration_ms = 120000
     WHERE workflow_id = $1 AND status = 'succeeded'`,
  ),
  command(
    'screenshots.back.running',
    `UPDATE execution_logs SET started_at = started_at - ${minutes(4)}, begun_at = begun_at - ${minutes(4)}
     WHERE status = 'running' AND $1 <> ''`,
  ),
  command(
    'screenshots.back.bookings',
    `UPDATE device_bookings SET booked_at = booked_at - ${minutes(7)} WHERE status = 'active' AND $1 <> ''`,
  ),
  command(
    'screenshots.back.queue',
    `UPDATE device_queue SET queued_at = queued_at - ${minutes(5)} WHERE status = 'queued' AND $1 <> ''`,
  ),
];
const workflowsBack = [
  command(
    'screenshots.back.steps',
    `UPDATE workflow_steps SET started_at = now() - ${minutes(6)}, finished_at = now() - ${minutes(4)}
     WHERE workflow_id = $1 AND status = 'succeeded'`,
  ),
  command(
    'screenshots.back.running_steps',
    `UPDATE workflow_steps SET started_at = started_at - ${minutes(4)} WHERE status = 'running' AND $1 <> ''`,
  ),
  command(
    'screenshots.back.workflows',
    `UPDATE workflows SET created_at = created_at - ${minutes(7)}, started_at = started_at - ${minutes(7)}
     WHERE created_at > now() - ${minutes(10)} AND $1 <> ''`,
  ),
];

/** What was begun just now was begun some minutes ago: a bar that has not moved yet says little. */
export async function letPass(lab: BrowserLab, running: string): Promise<void> {
  for (const [open, commands] of [
    [openDeviceDatabase, devicesBack],
    [openWorkflowDatabase, workflowsBack],
  ] as const) {
    const db = await open(lab);
    try {
      for (const each of commands) await db.execute(each, [running]);
    } finally {
      await db.close();
    }
  }
}
