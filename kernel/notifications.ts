import pg from 'pg';
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
  close(): Promise<void>;
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
  const stop = new AbortController();
  let client: pg.Client | undefined;
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
      for (const channel of listeners.keys()) await own.query(`LISTEN ${pg.escapeIdentifier(channel)}`);
      client = own;
      connected.resolve();
      for (const all of listeners.values()) for (const listener of all) listener.onGap?.();
      prober = setInterval(() => own.query('SELECT 1').catch(() => wakeUp?.()), probe.everyMs).unref();
      await lost;
    } finally {
      clearInterval(prober);
      if (client === own) connected = newPromise();
      client = undefined;
      await own.end().catch(() => {});
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
      if (client) await client.query(`LISTEN ${pg.escapeIdentifier(channel)}`).catch(() => {});
      await connected.promise;
      return () => {
        all.delete(listener);
      };
    },
    close: async () => {
      stop.abort();
      connected.reject(new Error('The notifications were closed'));
      wakeUp?.();
      await keeping;
    },
  };
}

function newPromise() {
  const made = Promise.withResolvers<void>();
  made.promise.catch(() => {});
  return made;
}
