import { auditSql } from '@labwright/audit';
import { Execution } from '@labwright/contract-devices';
import { nullable } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { executionColumns } from '../logs/columns.ts';

const Situation = Type.Object({
  type: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown()),
  capabilities: Type.Array(Type.String()),
  paused: Type.Boolean(),
  holder: nullable(Type.String()),
  booking_id: nullable(Type.String()),
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
  `SELECT d.type, d.settings, d.capabilities, d.paused, b.workflow_id AS holder, b.id AS booking_id, b.fencing_token,
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
 * Puts an execution on record, if the workflow holds the device (under this booking, where $7 names one) and nothing runs on it.
 * Waits for whoever has the device locked: both rows are locked as they are then, so a release comes wholly before (no row) or
 * wholly after (it finds the row). No row: look at the situation again.
 */
export const beginExecution = rows(
  'devices.executions.begin',
  Execution,
  `WITH held AS (
     SELECT d.id, d.type, b.workflow_id, b.fencing_token
     FROM devices d JOIN device_bookings b ON b.device_id = d.id
     WHERE d.id = $1 AND d.type = $2 AND d.deleted_at IS NULL AND NOT d.paused
       AND b.status = 'active' AND b.workflow_id = $3 AND b.id::text = coalesce($7, b.id::text)
     FOR SHARE OF d, b
   ), begun AS (
     INSERT INTO execution_logs
       (device_id, device_type, workflow_id, fencing_token, execution_id, operation, parameters, status)
     SELECT id, type, workflow_id, fencing_token, $4, $5, $6::jsonb, 'running'
     FROM held
     ON CONFLICT DO NOTHING
     RETURNING ${executionColumns}
   ), audit AS (
     ${auditSql({
       action: `'operation.begin'`,
       subject: `'device:' || device_id`,
       after: `jsonb_build_object('execution_id', execution_id, 'workflow_id', workflow_id, 'operation', operation,
                                  'parameters', parameters, 'fencing_token', fencing_token)`,
       context: '$8',
       from: 'begun',
     })}
   )
   SELECT ${executionColumns} FROM begun`,
);

const TakenInHand = Type.Object({
  ...Execution.properties,
  drives: Type.Integer(),
  abort_reason: nullable(Type.String()),
  settings: nullable(Type.Record(Type.String(), Type.Unknown())),
  settings_revision: nullable(Type.Integer()),
  paused: nullable(Type.Boolean()),
  held_under: nullable(Type.Integer()),
});
/** An execution that somebody is about to carry out, and how its device stands (null: deleted, held by nobody). */
export type TakenInHand = Static<typeof TakenInHand>;

/** Before anything is sent: whoever comes later knows that something may have been. Index: execution_logs_one_running. */
export const takeInHand = rows(
  'devices.executions.take_in_hand',
  TakenInHand,
  `UPDATE execution_logs SET drives = drives + 1, begun_at = coalesce(begun_at, clock_timestamp())
   WHERE device_id = $1 AND status = 'running' AND execution_id IS NOT DISTINCT FROM $2
   RETURNING ${executionColumns}, drives, abort_reason,
     (SELECT d.settings FROM devices d WHERE d.id = device_id AND d.deleted_at IS NULL) AS settings,
     (SELECT d.settings_revision FROM devices d WHERE d.id = device_id AND d.deleted_at IS NULL) AS settings_revision,
     (SELECT d.paused FROM devices d WHERE d.id = device_id AND d.deleted_at IS NULL) AS paused,
     (SELECT b.fencing_token FROM device_bookings b WHERE b.device_id = execution_logs.device_id AND b.status = 'active') AS held_under`,
);

/**
 * The outcome together with its event; no row where it is known already. To be called when it is one's turn at the device, so
 * that a release which waits for the outcome also comes after it in the feed.
 * $5 tells whether the time until now is the time that it took; $6 is `auditContext(systemPrincipal)`.
 */
export const settleExecution = rows(
  'devices.executions.settle',
  Execution,
  `WITH settled AS (
     UPDATE execution_logs SET
       status = $2, result = $3::jsonb, error = $4::jsonb, finished_at = clock_timestamp(),
       duration_ms = CASE WHEN $5::boolean THEN
         greatest(0, least(2147483647, extract(epoch FROM clock_timestamp() - coalesce(begun_at, started_at)) * 1000))::integer END
     WHERE id = $1 AND status = 'running'
     RETURNING ${executionColumns}
   ), event AS (
     INSERT INTO events (type, device_id, workflow_id, data)
     SELECT 'execution.finished', device_id, workflow_id, jsonb_build_object(
       'log_id', id::text, 'execution_id', execution_id, 'status', status, 'operation', operation, 'result', result,
       'error', error)
     FROM settled
   ), audit AS (
     ${auditSql({
       action: `'operation.end'`,
       subject: `'device:' || device_id`,
       before: `jsonb_build_object('execution_id', execution_id, 'status', 'running')`,
       after: `jsonb_build_object('execution_id', execution_id, 'workflow_id', workflow_id, 'operation', operation,
                                  'status', status, 'error', error)`,
       context: '$6',
       from: 'settled',
     })}
   )
   SELECT ${executionColumns} FROM settled`,
);

/** Index: execution_logs_one_running. */
export const askToAbort = rows(
  'devices.executions.abort',
  Type.Object({ ...Execution.properties, drives: Type.Integer() }),
  `UPDATE execution_logs SET abort_reason = $2 WHERE device_id = $1 AND status = 'running'
   RETURNING ${executionColumns}, drives`,
);

/** Of these, those that somebody wants stopped. */
export const abortsAsked = rows(
  'devices.executions.aborts_asked',
  Type.Object({ id: Type.String(), device_id: Type.String(), abort_reason: Type.String() }),
  `SELECT id, device_id, abort_reason FROM execution_logs
   WHERE id = ANY($1::bigint[]) AND status = 'running' AND abort_reason IS NOT NULL`,
);

/** A hundred that run, by device. Index: execution_logs_one_running. */
export const runningAfter = rows(
  'devices.executions.running_after',
  Type.Object({
    id: Type.String(),
    device_id: Type.String(),
    device_type: Type.String(),
    execution_id: nullable(Type.String()),
  }),
  `SELECT id, device_id, device_type, execution_id FROM execution_logs
   WHERE status = 'running' AND device_id > $1 ORDER BY device_id LIMIT 100`,
);

const DeviceSettings = Type.Object({
  id: Type.String(),
  type: Type.String(),
  settings: Type.Record(Type.String(), Type.Unknown()),
  settings_revision: Type.Integer(),
});

export const settingsOf = rows(
  'devices.executions.settings',
  DeviceSettings,
  'SELECT id, type, settings, settings_revision FROM devices WHERE id = ANY($1::text[]) AND deleted_at IS NULL',
);
