import { randomInt } from 'node:crypto';
import pg from 'pg';
import { farewellMs, hangUp } from './farewell.ts';
import type { Log } from './log.ts';

/**
 * What PostgreSQL tells with `NOTIFY`, on one connection however many channels are listened to:
 *
 *     idle ──listen──► connecting ──ready──► listening ──the connection is lost──► connecting (again, with growing pauses)
 *                                               │ close
 *                                               ▼
 *                                             closed
 *
 * What is sent while nobody is connected is lost, so after each new connection every listener hears of a gap and has to
 * look for itself.
 */
export interface Notifications {
  /** Resolves once what is sent from now on is heard; rejects only when closed. The answer ends the listening. */
  listen(channel: string, listener: NotificationListener): Promise<() => void>;
  /**
   * Shows others that this process lives: with each connection an advisory lock (`space`, a new random number) of the session,
   * which the server frees when that ends. Resolves when others see it for the first time; the answer gives it up.
   */
  present(space: number, listener: PresenceListener): Promise<() => Promise<void>>;
  /** Ends the connection, whatever it has in hand. */
  giveUp(): void;
  close(): Promise<void>;
}

export interface PresenceListener {
  /** Others see this process from now on, by this number. */
  onShown(id: number): void;
  /** They may not see it any more. */
  onLost(): void;
}

export interface NotificationListener {
  onMessage(payload: string): void;
  /** Messages may have been lost. */
  onGap?(): void;
}

export interface NotificationsOptions {
  url: string;
  applicationName: string;
  log: Log;
}

/** Milliseconds between two looks whether a silent connection still lives, and until an answer counts as missing. */
const probe = { everyMs: 10_000, answerMs: 5_000 };
const longestPauseMs = 5_000;

export function openNotifications(options: NotificationsOptions): Notifications {
  const { log } = options;
  const listeners = new Map<string, Set<NotificationListener>>();
  const presences = new Set<Presence>();
  const stop = new AbortController();
  let ask: Ask | undefined;
  /** Also one that is being made or ended. */
  let current: pg.Client | undefined;
  let wakeUp: (() => void) | undefined;
  let connected = newPromise();
  let keeping: Promise<void> | undefined;

  /** Holds one connection until it is lost. */
  const connectOnce = async () => {
    const own = new pg.Client({
      connectionString: options.url,
      application_name: options.applicationName,
      connectionTimeoutMillis: 5_000,
      query_timeout: probe.answerMs,
      keepAlive: true,
    });
    current = own;
    const query = inTurn(own);
    const lost = new Promise<void>((resolve) => {
      own.on('error', () => resolve());
      own.on('end', () => resolve());
      wakeUp = resolve;
    });
    own.on('notification', ({ channel, payload = '' }) => {
      for (const listener of listeners.get(channel) ?? []) listener.onMessage(payload);
    });
    let prober: NodeJS.Timeout | undefined;
    try {
      await own.connect();
      for (const channel of listeners.keys()) await query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      for (const presence of presences) await show(query, presence);
      ask = query;
      connected.resolve();
      for (const all of listeners.values()) for (const listener of all) listener.onGap?.();
      prober = setInterval(() => query('SELECT 1').catch(() => wakeUp?.()), probe.everyMs).unref();
      await lost;
    } finally {
      clearInterval(prober);
      for (const presence of presences) {
        if (presence.id !== undefined) presence.listener.onLost();
        presence.id = undefined;
      }
      if (ask === query) connected = newPromise();
      ask = undefined;
      const timer = setTimeout(() => hangUp(own), farewellMs);
      await own.end().catch(() => {});
      clearTimeout(timer);
    }
  };

  const show = async (query: Ask, presence: Presence) => {
    for (;;) {
      const id = randomInt(2 ** 31 - 1);
      const { rows } = await query('SELECT pg_try_advisory_lock($1, $2) AS held', [presence.space, id]);
      if (rows[0]?.held !== true) continue;
      presence.id = id;
      presence.first.resolve();
      return presence.listener.onShown(id);
    }
  };

  const keepConnected = async () => {
    for (let failures = 0; !stop.signal.aborted; ) {
      try {
        await connectOnce();
        failures = 0;
      } catch (error) {
        failures += 1;
        log.warn({ err: error, failures }, 'notifications of the database cannot be listened to');
      }
      if (stop.signal.aborted) return;
      const pause =
        failures === 0 ? 0 : Math.min(longestPauseMs, 50 * 2 ** failures) * (0.5 + Math.random() / 2);
      await new Promise<void>((resolve) => {
        wakeUp = resolve;
        setTimeout(resolve, pause).unref();
      });
    }
  };

  return {
    listen: async (channel, listener) => {
      const all = listeners.get(channel) ?? new Set();
      listeners.set(channel, all.add(listener));
      keeping ??= keepConnected();
      // Where it listens already, an answer to this means that the connection does. One that breaks here listens to
      // every known channel when it is made anew, and tells of the gap.
      await ask?.(`LISTEN ${pg.escapeIdentifier(channel)}`).catch(() => {});
      await connected.promise;
      return () => {
        all.delete(listener);
      };
    },
    present: async (space, listener) => {
      const presence: Presence = { space, listener, id: undefined, first: newPromise() };
      keeping ??= keepConnected();
      // Where it is being connected, that shows this too; a connection that breaks here is made anew, and does.
      const own = ask;
      presences.add(presence);
      if (own) await show(own, presence).catch(() => {});
      await presence.first.promise;
      return async () => {
        presences.delete(presence);
        await ask?.('SELECT pg_advisory_unlock($1, $2)', [space, presence.id]).catch(() => {});
      };
    },
    giveUp: () => {
      stop.abort();
      connected.reject(new Error('The notifications were given up'));
      if (current) hangUp(current);
      wakeUp?.();
    },
    close: async () => {
      stop.abort();
      for (const { first } of presences) first.reject(new Error('The notifications were closed'));
      connected.reject(new Error('The notifications were closed'));
      wakeUp?.();
      await keeping;
    },
  };
}

interface Presence {
  space: number;
  listener: PresenceListener;
  id: number | undefined;
  first: PromiseWithResolvers<void>;
}

type Ask = (sql: string, values?: unknown[]) => Promise<pg.QueryResult>;

/** One statement after the other: the driver is to be given none while it is at another. */
function inTurn(client: pg.Client): Ask {
  let last: Promise<unknown> = Promise.resolve();
  return (sql, values) => {
    const answer = last.then(() => client.query(sql, values));
    last = answer.catch(() => {});
    return answer;
  };
}

function newPromise() {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => {});
  return made;
}
