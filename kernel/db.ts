import pg from 'pg';
import { commonErrors } from './errors.ts';
import { farewellMs, hangUp } from './farewell.ts';
import { type Log, silentLog } from './log.ts';
import { type Notifications, openNotifications } from './notifications.ts';
import { typeParsers } from './pg-types.ts';
import { watched } from './silence.ts';
import type { Statement } from './statement.ts';

/** What runs statements: the database itself or one transaction of it. */
export interface Queryable {
  /** One and the same object for a database and its transactions. */
  readonly database: object;
  /** All rows. For anything that can grow, page or `stream` instead. */
  query<Row>(statement: Statement<Row>, values?: readonly unknown[]): Promise<Row[]>;
  /** The first row or undefined. */
  first<Row>(statement: Statement<Row>, values?: readonly unknown[]): Promise<Row | undefined>;
  /** The number of rows changed. */
  execute(statement: Statement<unknown>, values?: readonly unknown[]): Promise<number>;
  /** SQL that is not prepared: DDL, migrations, several commands at once. Never with input in its text. */
  raw(sql: string): Promise<void>;
}

export interface TransactionOptions {
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readOnly?: boolean;
  /** Milliseconds; a bulk transaction may need more than the pool's statement timeout. */
  statementTimeout?: number;
}

export interface Db extends Queryable {
  /**
   * Runs `work` in one transaction on one connection, statements pipelined. On a serialization fault or a
   * deadlock the whole of `work` is run again (at most 5 times, with growing random pauses), so it must have
   * no effect outside the transaction. Rejects where a statement failed, also where `work` caught that: nothing is committed then.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Resolves when the database answers. */
  ping(): Promise<void>;
  readonly gauge: { total: number; idle: number; waiting: number };
  /**
   * Connections of their own to the same database, for statements that want other settings of the server: they cost no
   * exchange and touch nobody else. They close with this one, and its gauge counts them.
   */
  sibling(options: Pick<DbOptions, 'max' | 'settings' | 'statementTimeout'>): Db;
  /** Hears what `NOTIFY` sends on a channel. See `Notifications`. */
  readonly listen: Notifications['listen'];
  /** Shows others that this process lives. See `Notifications`. */
  readonly present: Notifications['present'];
  /** Ends every connection, whatever it has in hand: that rejects at once, and so does all that comes. For an end beside a server that is silent. */
  giveUp(): void;
  close(): Promise<void>;
}

export interface DbOptions {
  url: string;
  applicationName: string;
  log?: Log;
  /** Connections. */
  max?: number;
  /** Milliseconds a statement may take. */
  statementTimeout?: number;
  /** Milliseconds beyond that until a connection whose answer does not come is given up. */
  answerTimeout?: number;
  /** Milliseconds to wait for a free connection or a new one. */
  connectTimeout?: number;
  /** Seconds after which a connection is replaced, so that none grows old. */
  maxLifetime?: number;
  /** Settings of the server for every connection, by name; names and values without spaces. */
  settings?: Readonly<Record<string, string>>;
}

const maxAttempts = 5;
const inFailedTransaction = '25P02';
/** serialization_failure, deadlock_detected */
const retryable = new Set(['40001', '40P01']);

export function openDb(options: DbOptions): Db {
  const log = options.log ?? silentLog;
  const statementTimeout = options.statementTimeout ?? 15_000;
  const answerTimeout = options.answerTimeout ?? 5_000;
  const { url, given } = splitOptions(options.url);
  const settings = { timezone: 'UTC', datestyle: 'ISO', ...options.settings };
  const pool = new pg.Pool({
    connectionString: url,
    application_name: options.applicationName,
    max: options.max ?? 10,
    statement_timeout: statementTimeout,
    // The server's limit is of no use where its answer never comes: then the connection itself is given up.
    query_timeout: statementTimeout + answerTimeout,
    connectionTimeoutMillis: options.connectTimeout ?? 5_000,
    idleTimeoutMillis: 30_000,
    maxLifetimeSeconds: options.maxLifetime ?? 1_800,
    idle_in_transaction_session_timeout: 60_000,
    keepAlive: true,
    pipeline: true,
    types: typeParsers,
    options: [given, ...Object.entries(settings).map(([name, value]) => `-c ${name}=${value}`)].join(' '),
  });
  // A connection that the server closes, idle or in the middle of a transaction, says so with an event beside the
  // error of its statement; without a listener that event would end the process.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.warn({ err: error }, 'a database connection was lost'));
    connected.add(client);
    client.once('end', () => {
      idle.delete(client);
      connected.delete(client);
    });
  });
  pool.on('error', () => {});
  const idle = new Set<pg.PoolClient>();
  const connected = new Set<pg.PoolClient>();
  let givenUp = false;
  pool.on('acquire', (client) => void idle.delete(client));
  pool.on('release', (_error, client) => void idle.add(client));

  const connect = async () => {
    if (givenUp) throw unavailable(new Error('It is silent, and this process ends.'));
    const checkedOut = await pool.connect().catch((error) => {
      throw unavailable(error);
    });
    return checkedOut;
  };

  const database = {};
  const on = (run: Run): Queryable => queryable(run, database, log);
  const siblings: Db[] = [];
  const notifications = openNotifications({ ...options, log });
  const giveUp = () => {
    if (givenUp) return;
    givenUp = true;
    for (const client of connected) hangUp(client);
    notifications.giveUp();
    for (const sibling of siblings) sibling.giveUp();
  };
  const unwatch = watched({
    url: options.url,
    giveUp: () => {
      if (!givenUp) log.warn('the database is silent, and is not waited for');
      giveUp();
    },
  });

  return {
    ...queryable(
      async (query) => {
        const client = await connect();
        let fault: Error | undefined;
        try {
          return await client.query(query);
        } catch (error) {
          fault = isConnectionFault(error) ? (error as Error) : undefined;
          throw error;
        } finally {
          client.release(fault);
        }
      },
      database,
      log,
    ),
    transaction: async (work, transactionOptions = {}) => {
      for (let attempt = 1; ; attempt += 1) {
        try {
          return await transact(
            await connect(),
            { on, answerTimeout, statementTimeout },
            work,
            transactionOptions,
          );
        } catch (error) {
          if (attempt === maxAttempts || !retryable.has(sqlState(error) ?? '')) throw error;
          const pause = Math.random() * 2 ** attempt * 5;
          log.debug({ attempt, sql_state: sqlState(error) }, 'a transaction is tried again');
          await new Promise((resolve) => setTimeout(resolve, pause));
        }
      }
    },
    ping: async () => {
      const client = await connect();
      let fault: Error | undefined;
      try {
        await client.query('SELECT 1');
      } catch (error) {
        fault = error as Error;
        throw unavailable(error);
      } finally {
        client.release(fault);
      }
    },
    get gauge() {
      const sum = { total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount };
      for (const { gauge } of siblings) {
        sum.total += gauge.total;
        sum.idle += gauge.idle;
        sum.waiting += gauge.waiting;
      }
      return sum;
    },
    sibling: (own) => {
      const sibling = openDb({ ...options, ...own, settings: { ...options.settings, ...own.settings } });
      siblings.push(sibling);
      return sibling;
    },
    listen: notifications.listen,
    present: notifications.present,
    giveUp,
    close: once(async () => {
      // Those that are in use have a limit of their own.
      const timer = setInterval(() => {
        for (const client of idle) hangUp(client);
      }, farewellMs);
      await Promise.all([...siblings.map((sibling) => sibling.close()), notifications.close(), pool.end()]);
      clearInterval(timer);
      unwatch();
    }),
  };
}

/** The `options` of a URL would take the place of ours: they are put before them instead. */
function splitOptions(url: string): { url: string; given: string } {
  const [base = '', query] = url.split('?', 2);
  const parameters = new URLSearchParams(query);
  const given = parameters.get('options') ?? '';
  parameters.delete('options');
  return { url: parameters.size > 0 ? `${base}?${parameters}` : base, given };
}

type Run = (query: pg.QueryConfig) => Promise<pg.QueryResult>;

function queryable(run: Run, database: object, log: Log): Queryable {
  const send = async (statement: Statement<unknown>, values: readonly unknown[] = []) => {
    if (log.isLevelEnabled('debug')) log.debug({ statement: statement.name, sql: statement.text }, 'sql');
    try {
      return await run({ name: statement.name, text: statement.text, values: values as unknown[] });
    } catch (error) {
      throw isConnectionFault(error) ? unavailable(error) : error;
    }
  };
  return {
    database,
    query: async <Row>(statement: Statement<Row>, values?: readonly unknown[]) =>
      (await send(statement, values)).rows as Row[],
    first: async <Row>(statement: Statement<Row>, values?: readonly unknown[]) =>
      (await send(statement, values)).rows[0] as Row | undefined,
    execute: async (statement, values) => (await send(statement, values)).rowCount ?? 0,
    raw: async (sql) => {
      await run({ text: sql });
    },
  };
}

async function transact<T>(
  client: pg.PoolClient,
  {
    on,
    answerTimeout,
    statementTimeout,
  }: { on: (run: Run) => Queryable; answerTimeout: number; statementTimeout: number },
  work: (tx: Queryable) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  let fault: Error | undefined;
  let firstFailure: unknown;
  const eachMs = options.statementTimeout ?? statementTimeout;
  let ahead = 0;
  const run: Run = async (query) => {
    ahead += 1;
    try {
      // The driver counts from when it sends, and the server answers one after the other.
      const limit = { query_timeout: eachMs * ahead + answerTimeout };
      return await client.query({ ...query, ...limit });
    } catch (error) {
      firstFailure ??= error;
      throw error;
    } finally {
      ahead -= 1;
    }
  };
  try {
    // Pipelined: BEGIN travels together with the first statement of `work`.
    const begun = client.query(beginSql(options));
    begun.catch(() => {});
    const result = await work(on(run));
    await begun;
    const { command } = await client.query('COMMIT');
    // `work` may have caught the error of a statement; PostgreSQL then takes everything back, and calls that no error.
    if (command !== 'COMMIT') throw firstFailure ?? new Error('The transaction was not committed.');
    return result;
  } catch (error) {
    if (isConnectionFault(error)) {
      fault = error as Error;
      throw unavailable(error);
    }
    await client.query('ROLLBACK').catch((rollbackError) => {
      fault = rollbackError;
    });
    // Statements pipelined behind the one that failed fail too; `work` may have seen one of those first.
    throw sqlState(error) === inFailedTransaction ? firstFailure : error;
  } finally {
    client.release(fault);
  }
}

function beginSql(options: TransactionOptions): string {
  const parts = ['BEGIN'];
  if (options.isolation) parts.push(`ISOLATION LEVEL ${options.isolation.toUpperCase()}`);
  if (options.readOnly) parts.push('READ ONLY');
  const begin = parts.join(' ');
  return options.statementTimeout === undefined
    ? begin
    : `${begin}; SET LOCAL statement_timeout = ${Math.trunc(options.statementTimeout)}`;
}

/** The five-character SQLSTATE of a PostgreSQL error, or undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof pg.DatabaseError ? error.code : undefined;
}

/** True where a unique constraint or index refused the row; `name` asks for one of them. */
export function isUniqueViolation(error: unknown, name?: string): boolean {
  return error instanceof pg.DatabaseError && error.code === '23505' && (!name || error.constraint === name);
}

/** The connection is gone or was never there: nobody knows what became of a statement in flight. */
function isConnectionFault(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const state = sqlState(error);
  // 08: connection exceptions; 57P0x: the server shuts down; 53300: too many connections; 25P03: it ended a session
  // that was idle in a transaction.
  if (state) return state.startsWith('08') || state.startsWith('57P') || ['53300', '25P03'].includes(state);
  const code = 'code' in error ? String(error.code) : '';
  if (['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ENOTFOUND', 'ETIMEDOUT', 'EAI_AGAIN'].includes(code))
    return true;
  return /Connection terminated|not queryable|Query read timeout|timeout exceeded when trying to connect/.test(
    error.message,
  );
}

function unavailable(cause: unknown) {
  return commonErrors.problem(
    'database_unavailable',
    'The database cannot be reached; nothing that was not answered has to be trusted. Try again shortly.',
    { cause, retryAfter: 2 },
  );
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}
