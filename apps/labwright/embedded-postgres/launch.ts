import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { tryConnecting } from './connect.ts';
import { EmbeddedPostgresError } from './errors.ts';
import { host } from './ports.ts';
import { readPidFile } from './postmaster.ts';
import { inspectProcess } from './processes.ts';
import { type SpawnedServer, spawnServer } from './spawn-server.ts';
import { type Postmaster, stopPostmaster } from './stop.ts';

/** Long enough to replay what was not yet written out when the power failed. */
const readyWithinMs = 60_000;

/** How long the children of a killed postmaster may take to notice. */
const orphanedChildrenEndWithinMs = 15_000;

const shownLogLines = 12;

/**
 * Starts the server and resolves when it takes connections. `stalePid` is what a
 * `postmaster.pid` from before a crash names. Throws `port_taken`, `start_failed`, `start_timeout` or `password_lost`.
 */
export async function launch(cluster: Cluster, port: number, stalePid?: number): Promise<Postmaster> {
  const retryUntil = performance.now() + orphanedChildrenEndWithinMs;
  for (;;) {
    const server = await spawnServer(cluster, port, stalePid);
    const { ended, pid } = server;
    const { born } = inspectProcess(pid);
    const outcome = await awaitReady(cluster, pid, () => server.ending() !== undefined);
    const postmaster: Postmaster = { pid, port, ended, ...(born === undefined ? {} : { born }) };
    if (outcome.state === 'ready') return postmaster;
    if (outcome.state === 'refused') {
      await stopPostmaster(postmaster, { data: cluster.data, pgCtl: cluster.programs.pgCtl });
      throw passwordLost(cluster);
    }

    const childrenOfKilledServerLive = /pre-existing shared memory block/.test(server.output());
    if (!childrenOfKilledServerLive || performance.now() > retryUntil) {
      throw explainEnding(cluster, port, server);
    }
    await delay(200);
  }
}

export type Readiness =
  | { state: 'ready'; version: string }
  /** It takes connections, and knows another password than we do. */
  | { state: 'refused' }
  | { state: 'ended' };

/**
 * Waits until that server takes connections or has ended. Throws `start_timeout` after 60 s and leaves the
 * server at its work, which the next start waits for.
 */
export async function awaitReady(cluster: Cluster, pid: number, ended: () => boolean): Promise<Readiness> {
  const { data, credentials, logFile } = cluster;
  const deadline = performance.now() + readyWithinMs;
  let reason = 'it is still starting or recovering';
  while (!ended()) {
    const file = readPidFile(data);
    if (file?.pid === pid && file.status === 'ready') {
      const answer = await tryConnecting({ ...credentials, port: file.port });
      if (answer.state === 'connected') return { state: 'ready', version: answer.version };
      if (answer.state === 'refused') return { state: 'refused' };
      reason = answer.reason;
    }
    if (performance.now() > deadline) {
      throw new EmbeddedPostgresError(
        'start_timeout',
        `PostgreSQL (process ${pid}) took no connections within ${readyWithinMs / 1000} s: ${reason}. It goes on; ` +
          `see ${logFile}, and start again later.`,
      );
    }
    await delay(15);
  }
  return { state: 'ended' };
}

function explainEnding(cluster: Cluster, port: number, server: SpawnedServer): EmbeddedPostgresError {
  const output = server.output();
  if (/could not bind .*address already in use/i.test(output)) return portTaken(port);
  const lines = output.trim().split('\n').slice(-shownLogLines);
  return new EmbeddedPostgresError(
    'start_failed',
    `PostgreSQL did not start: ${server.ending()}. The end of ${cluster.logFile}:\n  ${lines.join('\n  ')}`,
  );
}

export function passwordLost({ folder }: Cluster): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'password_lost',
    `The password in ${folder}/pgpass is not the one of the data beside it. Restore it from a backup.`,
  );
}

export function portTaken(port: number): EmbeddedPostgresError {
  return new EmbeddedPostgresError(
    'port_taken',
    `Port ${port} on ${host}, meant for PostgreSQL, is in use by another program. Stop that one, or give another ` +
      'port; 0 picks a free one.',
  );
}
