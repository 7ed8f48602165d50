import type { Execution } from '@labwright/contract-devices';
import type { Terminal } from '../command-line/terminal.ts';
import { gather, pages } from '../lab/pages.ts';
import { type Service, Unreachable } from '../lab/service.ts';
import { rowPrinter } from '../output/table.ts';
import { logColumns } from './columns.ts';

const everyMs = 1_000;
/** Executions that begin at once are committed in any order: what began a little before the newest one may come after it. */
const overlapMs = 10_000;

type Filters = Readonly<
  Record<'device_id' | 'workflow_id' | 'operation' | 'status' | 'start', string | undefined>
>;

export interface Following {
  filters: Filters;
  /** What is shown first, oldest first. */
  found: readonly Execution[];
  asJson: boolean;
  signal?: AbortSignal;
}

/**
 * Goes on with what the devices do: each execution when it begins, and once more when it has ended. Each look asks for the newest ones and for
 * those that run, so it costs the same however long they take. Ends with its signal, or with the process.
 */
export async function followLogs(
  devices: Service,
  following: Following,
  terminal: Terminal,
): Promise<number> {
  const { found, asJson, signal } = following;
  // Whoever waits for failed ones has to be told of those that run, too: by us, not by the service.
  const { status: wanted, ...filters } = following.filters;
  const print = asJson
    ? (one: Execution) => terminal.say(`${JSON.stringify(one)}\n`)
    : rowPrinter(logColumns(terminal), found, terminal);
  const seen = new Map<string, Execution>();
  const show = (one: Execution) => {
    const before = seen.get(one.id);
    if (before && (before.status !== 'running' || one.status === 'running')) return;
    seen.set(one.id, one);
    if (wanted === undefined || one.status === wanted) print(one);
  };
  const list = (query: Record<string, string | undefined>) =>
    gather(pages<Execution>(devices, '/execution-logs', 'execution_logs', { query, signal }));
  /** Those that ran when we last looked, and do not any more. */
  const ended = async () => {
    const running = [...seen.values()].filter(({ status }) => status === 'running');
    if (running.length === 0) return [];
    const still = new Set(
      (await list({ ...filters, start: undefined, status: 'running' })).map(({ id }) => id),
    );
    const gone = running.filter(({ id }) => !still.has(id));
    const pagesOfGone = await Promise.all(
      gone.map(({ device_id, started_at }) => list({ device_id, start: started_at, end: started_at })),
    );
    return pagesOfGone.flat().filter(({ id }) => seen.has(id));
  };

  for (const one of found) show(one);
  let since = found.at(-1)?.started_at ?? filters.start ?? new Date().toISOString();
  const look = async () => {
    const fresh = await list({ ...filters, start: since });
    for (const one of [...(await ended()), ...fresh.toReversed()]) show(one);
    const newest = fresh[0]?.started_at;
    if (newest) since = later(since, new Date(Date.parse(newest) - overlapMs).toISOString());
    for (const [id, { started_at, status }] of seen)
      if (status !== 'running' && Date.parse(started_at) < Date.parse(since)) seen.delete(id);
  };
  let away = false;
  while (!signal?.aborted) {
    try {
      await look();
      away = false;
    } catch (error) {
      // A service that is restarted has missed nothing, and neither do we.
      if (signal?.aborted) break;
      if (!(error instanceof Unreachable)) throw error;
      if (!away) terminal.tell(`${error.message} Trying again …\n`);
      away = true;
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  return 0;
}

const later = (one: string, other: string) => (Date.parse(one) > Date.parse(other) ? one : other);
