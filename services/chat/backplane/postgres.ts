import { hangUp } from '@labwright/kernel/farewell';
import { watched } from '@labwright/kernel/silence';
import { createAdapter } from '@socket.io/postgres-adapter';
import pg from 'pg';
import type { OpenBackplane } from './backplane.ts';

/** Milliseconds between two looks whether the connection that listens still lives, and until an answer counts as missing. */
const probe = { everyMs: 5_000, answerMs: 5_000 };
/** Notifications that wait to be sent; beyond that they are dropped, and found in the tables. */
const mostWaiting = 1_000;

/** Tells by `NOTIFY`. Of its connections one listens, and one sends, so that what a process tells arrives in its order. */
export const postgresBackplane =
  (url: string): OpenBackplane =>
  async (log) => {
    const pool = new pg.Pool({
      connectionString: url,
      application_name: 'hub-service live',
      max: 2,
      connectionTimeoutMillis: 5_000,
      query_timeout: probe.answerMs,
      keepAlive: true,
      // A notification need not survive a crash of the server, so nobody waits for the disk.
      options: '-c synchronous_commit=off',
    });
    pool.on('error', () => {});
    const connected = new Set<pg.PoolClient>();
    pool.on('connect', (client) => {
      connected.add(client);
      client.once('end', () => connected.delete(client));
      client.on('error', (error) => log.warn({ err: error }, lost));
    });
    let givenUp = false;
    // When this process ends beside a database that is silent.
    const unwatch = watched({
      url,
      giveUp: () => {
        givenUp = true;
        for (const client of connected) hangUp(client);
      },
    });
    const adapter = createAdapter(
      careful(pool, () => givenUp),
      {
        errorHandler: (error) => log.warn({ err: error }, 'other processes could not be told'),
      },
    );
    return { adapter, close: () => pool.end().finally(unwatch) };
  };

const silent = 'the database is silent, and this process ends';
const lost = 'the connection by which processes tell one another is lost';

/**
 * The pool as the adapter needs it. The adapter keeps one connection to listen on and asks for a new one when that ends, but
 * never gives the old one back, and does not see one that went silent; and it queues without a bound.
 */
function careful(pool: pg.Pool, givenUp: () => boolean): pg.Pool {
  let waiting = 0;
  const connect = async () => {
    if (givenUp()) throw new Error(silent);
    const client = await pool.connect();
    const prober = setInterval(() => {
      // Ends the connection, whereupon the adapter asks for another one.
      client.query('SELECT 1').catch(() => client.end().catch(() => {}));
    }, probe.everyMs).unref();
    client.once('end', () => {
      clearInterval(prober);
      client.release(true);
    });
    const release = client.release.bind(client);
    client.release = (destroy) => {
      clearInterval(prober);
      client.release = () => {};
      // It listens: nobody else must have it.
      release(destroy ?? true);
    };
    return client;
  };
  const query = async (text: string, values?: unknown[]) => {
    if (givenUp()) throw new Error(silent);
    if (waiting >= mostWaiting) throw new Error(`${mostWaiting} notifications wait to be sent`);
    waiting += 1;
    try {
      return await pool.query(text, values);
    } finally {
      waiting -= 1;
    }
  };
  return { connect, query } as unknown as pg.Pool;
}
