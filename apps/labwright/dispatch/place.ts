import { jobsMigrations } from '@labwright/jobs';
import { type Db, openDb } from '@labwright/kernel/db';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { type Supervisor, superviseWorkers } from '@labwright/worker';
import { borrowDatabases } from '../databases.ts';
import { readUpSettings } from '../settings.ts';

/**
 * Where the jobs are: at this URL, else at JOBS_DATABASE_URL, else in the laboratory of this folder, whose PostgreSQL is started
 * for as long as the command takes where it does not run.
 */
export async function openJobs(
  given: string | undefined,
): Promise<{ db: Db; url: string; close(): Promise<void> }> {
  const named = given ?? (process.env.JOBS_DATABASE_URL || undefined);
  const borrowed = named ? undefined : await borrowDatabases(readUpSettings(), silentLog);
  const url = named ?? borrowed?.device ?? '';
  const db = openDb({ url, applicationName: 'labwright dispatch', max: 4 });
  const close = async () => {
    await db.close();
    await borrowed?.close();
  };
  try {
    await migrate(db, [jobsMigrations]);
  } catch (error) {
    await close();
    throw new Error('The jobs cannot be reached: does PostgreSQL run where --database says?', {
      cause: error,
    });
  }
  return { db, url, close };
}

/** Worker processes of one queue, supervised by this process. They end with it. */
export function workersOf(
  queue: string,
  options: {
    db: Db;
    url: string;
    modules: readonly string[];
    args: readonly string[];
    say(line: string): void;
  },
): Supervisor {
  const handlers = options.modules.flatMap((module) => ['--handlers', module]);
  return superviseWorkers({
    args: ['--queues', queue, ...handlers, '--drain', '5s', ...options.args],
    drainMs: 5_000,
    db: options.db,
    log: silentLog,
    // What each worker says of its coming and going is of no interest here.
    say: (line) => {
      if (!/: (ready|SIGTERM|Ended)/.test(line)) options.say(line);
    },
    env: { ...process.env, JOBS_DATABASE_URL: options.url },
  });
}
