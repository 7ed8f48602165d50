import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { claimFolder, startEmbeddedPostgres } from '../../apps/labwright/embedded-postgres/index.ts';

const prefix = 'labwright-test-';

/** Nothing here outlives the run, so nothing has to survive a loss of power. */
const settings = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  // It would hold on to template databases at the moment when a test file wants to clone one.
  autovacuum: 'off',
  max_connections: '300',
};

export interface TestDatabase {
  url: string;
  /** Stops the server and removes its folder; may be called twice. */
  remove(): Promise<void>;
}

/** A PostgreSQL for one run of tests, in a temporary folder. */
export async function openTestDatabase(): Promise<TestDatabase> {
  await removeLeftovers();
  const folder = mkdtempSync(join(tmpdir(), prefix));
  try {
    // mkdtemp closes it to everybody else, and as root the server runs as another user.
    chmodSync(folder, 0o755);
    claimFolder(folder);
    const postgres = await startEmbeddedPostgres({ folder, settings });
    const remove = async () => {
      await postgres.stop();
      rmSync(folder, { recursive: true, force: true });
    };
    return { url: postgres.url('postgres'), remove };
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A run that was killed left its server and folder behind; one that still lives holds its claim. */
async function removeLeftovers(): Promise<void> {
  for (const name of readdirSync(tmpdir())) {
    const folder = join(tmpdir(), name);
    if (!name.startsWith(prefix) || !existsSync(join(folder, 'up.lock'))) continue;
    try {
      claimFolder(folder);
      if (existsSync(join(folder, 'data', 'postmaster.pid'))) {
        const postgres = await startEmbeddedPostgres({ folder, settings });
        await postgres.stop();
      }
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // It is in use, or another user's. Either way it is no concern of this run.
    }
  }
}
