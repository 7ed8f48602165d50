/**
 * One moment in all databases.
 *
 *     try to lock the tables of all databases against writing ──all are locked──► a snapshot of each ──► unlocked; the copy begins
 *        ▲                   └──somebody writes for longer than we wait──► unlocked ──a pause──┐
 *        └─────────────────────────────────────────────────────────────────────────────────────┘
 *
 * While all are locked nothing is committed anywhere, so the snapshots show what a crash of all services at that moment would have
 * left: the services mend that at every start, and need nothing else after a restore. Those who want to write wait some milliseconds.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type pg from 'pg';

export interface CutDatabase {
  readonly service: string;
  /** Takes the locks, and lets go of them. */
  readonly barrier: pg.Client;
  /** In its snapshot afterwards. */
  readonly reader: pg.Client;
}

/** How long a lock is waited for, in each try: those who want to write wait as long behind it. */
const patienceMs = [50, 100, 200, 400, 800, 1_500];

/** Resolves with the moment once every `reader` is in a snapshot of it. Throws where somebody writes without a pause for `withinMs`. */
export async function cutThrough(databases: readonly CutDatabase[], withinMs: number): Promise<string> {
  const until = performance.now() + withinMs;
  for (let attempt = 0; ; attempt += 1) {
    const patience = patienceMs[Math.min(attempt, patienceMs.length - 1)] ?? 1_500;
    const locked = await Promise.allSettled(databases.map(({ barrier }) => lockTables(barrier, patience)));
    try {
      const failed = locked.find((result) => result.status === 'rejected');
      if (!failed) return await takeSnapshots(databases);
      if (!isBusy(failed.reason)) throw failed.reason;
      if (performance.now() > until) throw await stillWriting(databases, failed.reason);
    } finally {
      await Promise.all(databases.map(({ barrier }) => barrier.query('ROLLBACK')));
    }
    await delay(patience * (1 + Math.random()));
  }
}

async function lockTables(barrier: pg.Client, patience: number): Promise<void> {
  await barrier.query('BEGIN');
  await barrier.query(`SET LOCAL lock_timeout = ${patience}`);
  // A superuser may find a deadlock, or an autovacuum in the way, before anybody else pays for it.
  const { rows } = await barrier.query<{ superuser: string }>(
    `SELECT current_setting('is_superuser') AS superuser`,
  );
  if (rows[0]?.superuser === 'on') await barrier.query(`SET LOCAL deadlock_timeout = '20ms'`);
  const tables = await ownTables(barrier);
  if (tables.length > 0) await barrier.query(`LOCK TABLE ${tables.map(quoted).join(', ')} IN SHARE MODE`);
}

async function takeSnapshots(databases: readonly CutDatabase[]): Promise<string> {
  const moments = await Promise.all(
    databases.map(async ({ reader }) => {
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
      const { rows } = await reader.query<{ now: string }>('SELECT clock_timestamp() AS now');
      return rows[0]?.now ?? '';
    }),
  );
  return moments.sort().at(-1) ?? '';
}

/** The tables that survive a crash of the server, in the order of their names. */
export async function ownTables(client: pg.Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `SELECT relname::text AS name FROM pg_class
     WHERE relnamespace = current_schema()::regnamespace AND relkind = 'r' AND relpersistence = 'p' ORDER BY relname`,
  );
  return rows.map(({ name }) => name);
}

export const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** lock_not_available, deadlock_detected */
const isBusy = (error: unknown) =>
  error instanceof Error && 'code' in error && ['55P03', '40P01'].includes(String(error.code));

async function stillWriting(databases: readonly CutDatabase[], cause: unknown): Promise<Error> {
  const writers: string[] = [];
  for (const { service, reader } of databases) {
    const { rows } = await reader.query<{ pid: number; name: string; seconds: number }>(
      `SELECT DISTINCT a.pid, a.application_name AS name, extract(epoch FROM clock_timestamp() - a.xact_start)::float8 AS seconds
       FROM pg_locks l JOIN pg_stat_activity a USING (pid)
       WHERE l.locktype = 'relation' AND l.granted AND a.datname = current_database() AND a.pid <> pg_backend_pid()
         AND l.mode IN ('RowExclusiveLock', 'ShareUpdateExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock')
         AND clock_timestamp() - a.xact_start > interval '1 second'`,
    );
    for (const { pid, name, seconds } of rows)
      writers.push(
        `process ${pid} (${name || 'without a name'}), for ${Math.round(seconds)} s, in the database of ${service}`,
      );
  }
  const who = writers.length > 0 ? ` Somebody writes there: ${writers.join('; ')}.` : '';
  return new Error(
    `No moment was found in which nobody writes.${who} Try again once that has ended, or wait longer: --wait 10m.`,
    { cause },
  );
}
