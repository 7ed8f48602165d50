import { Execution } from '@labwright/contract-devices';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { turnSql } from '../bookings/lock-device.ts';
import { executionColumns } from '../logs/columns.ts';

const Situation = Type.Object({
  type: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown()),
  capabilities: Type.Array(Type.String()),
  paused: Type.Boolean(),
  holder: nullable(Type.String()),
  fencing_token: nullable(Type.Integer()),
  running_id: nullable(Type.String()),
  running_execution_id: nullable(Type.String()),
  running_operation: nullable(Type.String()),
  asked_id: nullable(Type.String()),
});

/** A device that is there, who holds it, what it is doing, and whether the execution $2 is on record. */
export type Situation = Static<typeof Situation>;

/** Indexes: device_bookings_one_active, execution_logs_one_running, execution_logs_execution_id. */
export const situationOf = rows(
  'devices.executions.situation',
  Situation,
  `SELECT d.type, d.settings, d.capabilities, d.paused, b.workflow_id AS holder, b.fencing_token,
          r.id AS running_id, r.execution_id AS running_execution_id, r.operation AS running_operation,
          asked.id AS asked_id
   FROM devices d
   LEFT JOIN device_bookings b ON b.device_id = d.id AND b.status = 'active'
   LEFT JOIN execution_logs r ON r.device_id = d.id AND r.status = 'running'
   LEFT JOIN execution_logs asked ON asked.execution_id = $2
   WHERE d.id = $1 AND d.deleted_at IS NULL`,
);

/** Index: execution_logs_execution_id. */
export const findExecution = rows(
  'devices.executions.find',
  Execution,
  `SELECT ${executionColumns} FROM execution_logs WHERE execution_id = $1`,
);

/**
 * Puts an execution on record, if the workflow holds the device and nothing runs on it. Waits for whoever has the
 * device locked: both rows are locked as they are then, so a release comes wholly before (no row) or wholly after
 * (it finds the row). No row: look at the situation again.
 */
export const beginExecution = rows(
  'devices.executions.begin',
  Execution,
  `WITH held AS (
     SELECT d.id, d.type, b.workflow_id, b.fencing_token
     FROM devices d JOIN device_bookings b ON b.device_id = d.id
     WHERE d.id = $1 AND d.type = $2 AND d.deleted_at IS NULL AND NOT d.paused
       AND b.status = 'active' AND b.workflow_id = $3
     FOR SHARE OF d, b
   )
   INSERT INTO execution_logs
     (device_id, device_type, workflow_id, fencing_token, execution_id, operation, parameters, status, runner, leased_until)
   SELECT id, type, workflow_id, fencing_token, $4, $5, $6::jsonb, 'running', $7,
          clock_timestamp() + make_interval(secs => $8::float8 / 1000)
   FROM held
   ON CONFLICT DO NOTHING
   RETURNING ${executionColumns}`,
);

/**
 * The outcome together with its event, if the execution is still ours: no row where another process has it. Takes
 * its turn at the device, so that a release which waits for the outcome also comes after it in the feed.
 * $7 tells whether the time until now is the time that it took.
 */
export const settleExecution = rows(
  'devices.executions.settle',
  Execution,
  `WITH turn AS MATERIALIZED (
     SELECT ${turnSql}
   ), settled AS (
     UPDATE execution_logs SET
       status = $4, result = $5::jsonb, error = $6::jsonb, finished_at = clock_timestamp(), leased_until = NULL,
       duration_ms = CASE WHEN $7::boolean THEN
         greatest(0, least(2147483647, extract(epoch FROM clock_timestamp() - started_at) * 1000))::integer END
     FROM turn
     WHERE id = $2 AND status = 'running' AND runner = $3
     RETURNING ${executionColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'execution.finished', device_id, workflow_id, jsonb_build_object(
       'log_id', id::text, 'execution_id', execution_id, 'status', status, 'operation', operation, 'result', result,
       'error', error)
     FROM settled
   )
   SELECT ${executionColumns} FROM settled`,
);

/** Answers those that are still ours, with the reason where somebody wants them stopped. */
export const renewLeases = rows(
  'devices.executions.renew',
  Type.Object({ id: Type.String(), abort_reason: nullable(Type.String()) }),
  `UPDATE execution_logs SET leased_until = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
   WHERE id = ANY($1::bigint[]) AND status = 'running' AND runner = $2
   RETURNING id, abort_reason`,
);

/** Index: execution_logs_one_running. */
export const askToAbort = rows(
  'devices.executions.abort',
  Execution,
  `UPDATE execution_logs SET abort_reason = $2 WHERE device_id = $1 AND status = 'running' RETURNING ${executionColumns}`,
);

/** For the next process to take over at once. */
export const giveUpLeases = command(
  'devices.executions.give_up',
  `UPDATE execution_logs SET leased_until = clock_timestamp()
   WHERE id = ANY($1::bigint[]) AND status = 'running' AND runner = $2`,
);

/** Takes over up to a hundred whose lease ran out, save those in $3. Index: execution_logs_one_running. */
export const takeOver = rows(
  'devices.executions.take_over',
  Execution,
  `UPDATE execution_logs SET runner = $1, leased_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
   WHERE id = ANY(ARRAY(
     SELECT id FROM execution_logs
     WHERE status = 'running' AND coalesce(leased_until, '-infinity') <= clock_timestamp() AND id <> ALL($3::bigint[])
     LIMIT 100 FOR UPDATE SKIP LOCKED))
   RETURNING ${executionColumns}`,
);

const DeviceSettings = Type.Object({
  id: Type.String(),
  type: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown()),
});

export const settingsOf = rows(
  'devices.executions.settings',
  DeviceSettings,
  'SELECT id, type, settings FROM devices WHERE id = ANY($1::text[]) AND deleted_at IS NULL',
);
