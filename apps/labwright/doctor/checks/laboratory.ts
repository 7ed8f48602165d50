import type pg from 'pg';
import type { Finding } from '../finding.ts';
import type { Surroundings } from '../surroundings.ts';
import { hasTable } from './databases.ts';

/** Where the services answer unless they were told otherwise. */
const addresses: Readonly<Record<string, string>> = {
  'hub-service': 'http://localhost:5000',
  'device-service': 'http://localhost:5001',
  'workflow-service': 'http://localhost:5002',
};

/** Shown of what there may be many of. */
const shown = 5;

/** Devices that are silent, and devices that nobody gets. */
export async function checkDevices({ databases }: Surroundings): Promise<Finding[]> {
  const client = databases.get('device-service');
  if (!client || !(await hasTable(client, 'execution_logs'))) return [];
  const findings: Finding[] = [];
  // Index: execution_logs_one_running; the workers are few.
  const { rows: silent } = await client.query<{
    device: string;
    operation: string;
    minutes: number;
    worker: string | null;
  }>(
    `SELECT e.device_id AS device, e.operation, round(extract(epoch FROM clock_timestamp() - e.started_at) / 60)::int AS minutes,
            CASE WHEN w.id IS NULL THEN NULL ELSE w.name END AS worker
     FROM execution_logs e
     LEFT JOIN jobs j ON j.key = 'device ' || e.device_id AND j.state IN ('ready', 'sent', 'running', 'retrying')
     LEFT JOIN job_workers w ON w.id = j.worker AND w.alive_until > clock_timestamp()
     LEFT JOIN LATERAL (
       SELECT max(l.duration_ms) AS longest FROM (
         SELECT duration_ms FROM execution_logs
         WHERE device_type = e.device_type AND operation = e.operation AND status = 'succeeded'
         ORDER BY started_at DESC LIMIT 200) AS l) AS past ON true
     WHERE e.status = 'running'
       AND clock_timestamp() - e.started_at > greatest(interval '1 minute', make_interval(secs => 3 * coalesce(past.longest, 600000) / 1000.0))
     ORDER BY e.started_at LIMIT 50`,
  );
  if (silent.length > 0)
    findings.push({
      code: 'device_silent',
      severity: 'trouble',
      title:
        'Devices have been at one operation for much longer than it ever took: they are silent, or hang.',
      evidence: silent
        .slice(0, shown)
        .map(
          ({ device, operation, minutes, worker }) =>
            `${device}: ${operation} for ${minutes} min, ${worker ? `driven by ${worker}` : 'and no process drives it'}`,
        ),
      remedy: `Look at the device. To stop what it does: curl -X POST http://localhost:5001/devices/${silent[0]?.device}/abort. Where no process drives it, start the laboratory or its workers`,
    });
  const { rows: unattended } = await client.query<{ device: string; waiting: number; why: string }>(
    `SELECT d.id AS device, count(*)::int AS waiting, CASE WHEN d.paused THEN 'paused' ELSE 'in maintenance' END AS why
     FROM devices d JOIN device_queue q ON q.device_id = d.id AND q.status = 'queued'
     WHERE d.deleted_at IS NULL AND (d.paused OR d.status = 'maintenance') GROUP BY d.id ORDER BY 2 DESC LIMIT 50`,
  );
  if (unattended.length > 0)
    findings.push({
      code: 'device_held_back',
      severity: 'warning',
      title: 'Workflows wait for devices that nobody lets go on.',
      evidence: unattended
        .slice(0, shown)
        .map(({ device, waiting, why }) => `${device} is ${why}, and ${waiting} wait for it`),
      remedy: `curl -X PATCH http://localhost:5001/devices/${unattended[0]?.device} -H "Content-Type: application/json" -d '{"status": "available", "paused": false}'`,
    });
  return findings;
}

/** Workflows that wait for somebody. */
export async function checkWorkflows({ databases }: Surroundings): Promise<Finding[]> {
  const client = databases.get('workflow-service');
  if (!client || !(await hasTable(client, 'workflow_steps'))) return [];
  const findings: Finding[] = [];
  const { rows: unknown } = await client.query<{
    workflow: string;
    position: number;
    operation: string;
    device: string;
  }>(
    `SELECT s.workflow_id AS workflow, s.position, s.operation, w.device_id AS device
     FROM workflows w JOIN workflow_steps s ON s.workflow_id = w.id
     WHERE w.status IN ('failed', 'paused', 'running') AND s.status = 'unknown' ORDER BY w.updated_at DESC LIMIT 50`,
  );
  if (unknown.length > 0)
    findings.push({
      code: 'step_unknown',
      severity: 'trouble',
      title: 'Nobody knows what became of steps; their workflows wait for a person to tell.',
      evidence: unknown
        .slice(0, shown)
        .map(
          ({ workflow, position, operation, device }) =>
            `workflow ${workflow}, step ${position} (${operation}) on ${device}`,
        ),
      remedy: `Look at the device, then: curl -X POST http://localhost:5002/workflows/${unknown[0]?.workflow}/resolve-step -H "Content-Type: application/json" -d '{"status": "succeeded"}'`,
    });
  const { rows: failed } = await client.query<{ workflow: string; device: string; minutes: number }>(
    `SELECT id AS workflow, device_id AS device, round(extract(epoch FROM clock_timestamp() - updated_at) / 60)::int AS minutes
     FROM workflows w WHERE status = 'failed' AND updated_at < clock_timestamp() - interval '10 minutes'
       AND NOT EXISTS (SELECT FROM workflow_steps s WHERE s.workflow_id = w.id AND s.status = 'unknown')
     ORDER BY updated_at LIMIT 50`,
  );
  if (failed.length > 0)
    findings.push({
      code: 'workflow_failed',
      severity: 'warning',
      title: 'Workflows have failed and keep their devices until somebody decides.',
      evidence: failed
        .slice(0, shown)
        .map(({ workflow, device, minutes }) => `workflow ${workflow} keeps ${device}, for ${minutes} min`),
      remedy: `Try the step again: curl -X POST http://localhost:5002/workflows/${failed[0]?.workflow}/execute-step. Or give up: …/cancel`,
    });
  return findings;
}

/** Jobs that nobody carries out. */
export async function checkJobs({ databases }: Surroundings): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const [service, client] of databases) {
    if (!(await hasTable(client, 'job_workers'))) continue;
    findings.push(...(await deadJobs(service, client)), ...(await unserved(service, client)));
  }
  return findings;
}

async function deadJobs(service: string, client: pg.Client): Promise<Finding[]> {
  // Walks jobs_parked.
  const { rows } = await client.query<{
    queue: string;
    task: string;
    count: number;
    id: string;
    error: string | null;
  }>(
    `SELECT queue, task, count(*)::int AS count, max(id)::text AS id, (array_agg(error->>'message' ORDER BY id DESC))[1] AS error
     FROM (SELECT * FROM jobs WHERE state = 'dead' ORDER BY run_at, id LIMIT 10000) AS dead GROUP BY queue, task ORDER BY 3 DESC LIMIT 50`,
  );
  if (rows.length === 0) return [];
  return [
    {
      code: 'jobs_dead',
      severity: 'warning',
      title: `Jobs of ${service} have used up their attempts.`,
      evidence: rows
        .slice(0, shown)
        .map(
          ({ queue, task, count, id, error }) =>
            `${count} × ${task} on ${queue}, the newest is ${id}: ${error ?? 'no error on record'}`,
        ),
      remedy: `Mend the cause, then let them run again: curl -X POST ${addresses[service] ?? ''}/jobs/${rows[0]?.id}/requeue`,
    },
  ];
}

async function unserved(service: string, client: pg.Client): Promise<Finding[]> {
  // Walks jobs_ready; a lane of a limited task counts for its queue.
  const { rows } = await client.query<{ queue: string; seconds: number }>(
    `WITH RECURSIVE queues AS (
       (SELECT queue FROM jobs WHERE state = 'ready' ORDER BY queue LIMIT 1)
       UNION ALL
       SELECT (SELECT j.queue FROM jobs j WHERE j.state = 'ready' AND j.queue > queues.queue ORDER BY j.queue LIMIT 1)
       FROM queues WHERE queues.queue IS NOT NULL)
     SELECT coalesce(l.queue, q.queue) AS queue,
            max(extract(epoch FROM clock_timestamp() - first.created_at))::float8 AS seconds
     FROM queues q LEFT JOIN job_lanes l ON l.name = q.queue
     CROSS JOIN LATERAL (SELECT created_at FROM jobs j WHERE j.state = 'ready' AND j.queue = q.queue ORDER BY priority, id LIMIT 1) AS first
     WHERE q.queue IS NOT NULL
       AND NOT EXISTS (SELECT FROM job_workers w WHERE w.alive_until > clock_timestamp() AND coalesce(l.queue, q.queue) = ANY (w.queues))
       AND first.created_at < clock_timestamp() - interval '30 seconds'
     GROUP BY 1 ORDER BY 2 DESC LIMIT 50`,
  );
  if (rows.length === 0) return [];
  return [
    {
      code: 'queue_without_worker',
      severity: 'trouble',
      title: `Nobody works on queues of ${service} that have jobs.`,
      evidence: rows
        .slice(0, shown)
        .map(({ queue, seconds }) => `${queue}: the first one has waited for ${Math.round(seconds)} s`),
      remedy: `Start the laboratory (npm start), or a worker: labwright worker --queues ${rows[0]?.queue} --handlers FILE`,
    },
  ];
}
