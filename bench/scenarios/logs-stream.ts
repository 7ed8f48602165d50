import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { compared, type Finding, figure } from '../findings.ts';
import { followIndexes, readNewest } from '../floor/logs.ts';
import { type HttpClient, httpClient } from '../laboratory/http.ts';
import { interleave, timed } from '../rounds.ts';
import { compare } from '../stats.ts';
import type { FilledTable } from './logs-search.ts';
import type { Bench } from './scenario.ts';

const rowsARound = 100_000;
const memoryLimitMb = 256;
const readerStopsMs = 5_000;

/** The rows as NDJSON: how fast, and how much memory the whole table takes. */
export async function stream(bench: Bench, table: FilledTable): Promise<Finding[]> {
  const { laboratory, scope, signal, settings, say } = bench;
  const service = await laboratory.service(scope, { program: 'device-service', databaseUrl: table.url });
  const http = httpClient(service.origin, signal);
  scope.defer(() => http.close());

  say('streaming the whole table');
  const lines = await countLines(http, '/execution-logs', { stops: true, signal });
  if (lines !== table.rows) throw new Error(`${lines} lines were streamed of ${table.rows} rows`);
  const peak = await service.peakMemory();

  say('streaming in turns with the bare loop');
  const client = await laboratory.client(scope, table.url, followIndexes);
  const rows = Math.min(rowsARound, table.rows);
  const rate = async (work: () => Promise<unknown>) => (rows / (await timed(work))) * 1000;
  const figures = await interleave(
    {
      ours: () => rate(() => countLines(http, `/execution-logs?limit=${rows}`, { stops: false, signal })),
      bare: () => rate(() => readNewest(client, rows)),
    },
    { rounds: settings.rounds, signal },
  );
  return [
    compared(
      {
        scenario: 'logs',
        what: 'rows streamed as NDJSON',
        unit: '/s',
        beside: 'bare `pg` loop',
      },
      compare(figures.ours, figures.bare),
    ),
    ...(peak === undefined ? [] : [memory(table.rows, peak)]),
  ];
}

function memory(rows: number, peak: number): Finding {
  return figure(
    {
      scenario: 'logs',
      what: `largest resident size while ${rows.toLocaleString('en')} rows are streamed`,
      unit: 'MB',
      ours: peak,
    },
    { text: `< ${memoryLimitMb} MB`, holds: peak < memoryLimitMb },
  );
}

/** Reads an NDJSON answer to its end; `stops`: with a pause after the first part, as a slow reader would make. */
async function countLines(
  http: HttpClient,
  path: string,
  options: { stops: boolean; signal: AbortSignal },
): Promise<number> {
  const answer = await http.stream(path, { accept: 'application/x-ndjson' });
  if (answer.statusCode !== 200) throw new Error(`GET ${path} was answered ${answer.statusCode}`);
  let lines = 0;
  if (options.stops) {
    await once(answer, 'readable', { signal: options.signal });
    await delay(readerStopsMs, undefined, { signal: options.signal });
  }
  for await (const chunk of answer) lines += newlines(chunk as Buffer);
  return lines;
}

function newlines(chunk: Buffer): number {
  let count = 0;
  for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) count += 1;
  return count;
}
