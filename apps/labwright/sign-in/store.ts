import { randomUUID } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

type Env = Readonly<Record<string, string | undefined>>;

/** Somebody who signed in at one laboratory, on this machine. */
export interface StoredSession {
  readonly name: string;
  readonly email: string;
  readonly access_token: string;
  /** Good for one renewal. */
  readonly refresh_token: string;
  /** When the access token is over, by the clock of this machine, in milliseconds. */
  readonly access_until: number;
  /** Where device-service and workflow-service were said to be at the sign-in, beside the hub: they get the token too. */
  readonly services: readonly string[];
}

/**
 * What is kept of one laboratory: a folder of its own, which only its user can look into.
 *
 *     ~/.config/labwright/sessions/http%3A%2F%2Flocalhost%3A5000/session.json
 *
 * It is replaced as a whole, so whoever reads it needs no turn. Whoever changes it does (`alone`): a refresh token is good
 * once, and one that two processes show is taken for stolen.
 */
export interface SessionStore {
  readonly file: string;
  read(): Promise<StoredSession | undefined>;
  save(session: StoredSession): Promise<void>;
  remove(): Promise<void>;
  /** Runs `work` while no other process of this machine does. A process that dies in it gives way. */
  alone<T>(work: () => Promise<T>): Promise<T>;
}

const longestTurnMs = 60_000;
const lookAgainMs = 25;

/** Where sessions are kept; undefined where the environment names no place. */
export function sessionsFolder(env: Env): string | undefined {
  const { XDG_CONFIG_HOME: config, HOME: home, APPDATA: roaming } = env;
  // https://specifications.freedesktop.org/basedir-spec: a relative one is to be ignored.
  const base = config && isAbsolute(config) ? config : home ? join(home, '.config') : roaming;
  return base ? join(base, 'labwright', 'sessions') : undefined;
}

/** The store of the laboratory whose hub is at `url`. */
export function openStore(folder: string, url: string): SessionStore {
  const own = join(folder, encodeURIComponent(url));
  const file = join(own, 'session.json');
  return {
    file,
    read: () => read(file),
    save: async (session) => {
      await makePrivate(own);
      const fresh = `${file}.${randomUUID()}`;
      try {
        const handle = await open(fresh, 'wx', 0o600);
        try {
          await handle.writeFile(`${JSON.stringify(session, null, 2)}\n`);
          await handle.sync();
        } finally {
          await handle.close();
        }
        await rename(fresh, file);
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
    },
    remove: () => rm(file, { force: true }),
    alone: (work) =>
      alone(own, async () => {
        await sweepDrafts(own);
        return work();
      }),
  };
}

async function read(file: string): Promise<StoredSession | undefined> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new Error(`${file}, which tells as whom you signed in, cannot be read (${code}). ${whatToDo}`);
  }
  try {
    const found: unknown = JSON.parse(text);
    if (isSession(found)) return found;
  } catch {}
  throw new Error(`${file} does not hold what labwright sign-in writes. ${whatToDo}`);
}

const whatToDo = 'Delete it, and sign in again: labwright sign-in.';

function isSession(found: unknown): found is StoredSession {
  if (typeof found !== 'object' || found === null) return false;
  const { name, email, access_token, refresh_token, access_until, services } =
    found as Partial<StoredSession>;
  return (
    [access_token, refresh_token].every(isToken) &&
    [name, email].every((text) => typeof text === 'string') &&
    typeof access_until === 'number' &&
    Array.isArray(services) &&
    services.every((service) => typeof service === 'string')
  );
}

/** It fits into a header: with a line end in it, a request with it could never be sent. */
export const isToken = (text: unknown): text is string =>
  typeof text === 'string' && /^[\x21-\x7e]+$/.test(text);

/** What a process that was killed while it saved has left: tokens that nobody knows of, and that no sign-out would take away. */
async function sweepDrafts(folder: string): Promise<void> {
  for (const name of await readdir(folder))
    if (name.startsWith('session.json.')) await rm(join(folder, name), { force: true });
}

async function makePrivate(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await chmod(folder, 0o700);
}

async function alone<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await makePrivate(folder);
  const { claimFolder } = await import('../embedded-postgres/claim-folder.ts');
  const deadline = performance.now() + longestTurnMs;
  for (;;) {
    let release: () => void;
    try {
      release = claimFolder(folder);
    } catch (error) {
      if ((error as { code?: unknown }).code !== 'folder_claimed') throw error;
      if (performance.now() > deadline)
        throw new Error(
          `Another labwright has been renewing your session for a minute, and does not end: ${(error as Error).message}`,
        );
      await delay(lookAgainMs);
      continue;
    }
    try {
      return await work();
    } finally {
      release();
    }
  }
}
