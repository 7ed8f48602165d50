import { logReader, readPage, selectionOf } from '@labwright/devices/logs';
import { openDb } from '@labwright/kernel/db';
import type { Client } from 'pg';
import { compared, type Finding } from '../findings.ts';
import { followIndexes, readDay } from '../floor/logs.ts';
import { httpClient, member } from '../laboratory/http.ts';
import { interleaveCalls, timed } from '../rounds.ts';
import { dayOfYear } from '../seed/logs.ts';
import { compare } from '../stats.ts';
import type { Bench } from './scenario.ts';

export interface FilledTable {
  url: string;
  rows: number;
}

/** A search for a day: beside the bare driver, beside bare Fastify, and beside a table of another size. */
export async function search(bench: Bench, many: FilledTable, few: FilledTable): Promise<Finding[]> {
  const { laboratory, scope, settings, signal, say } = bench;
  say('searching');
  const figures = await interleaveCalls(
    {
      many: await byHttp(bench, 'device-service', many),
      few: await byHttp(bench, 'device-service', few),
      fastify: await byHttp(bench, 'floor', many),
      read: bySearch(bench, many),
      bare: byDriver(await laboratory.client(scope, many.url, followIndexes)),
      fewBare: byDriver(await laboratory.client(scope, few.url, followIndexes)),
    },
    { rounds: settings.rounds, callsARound: 60, warmUpCalls: 1_000, signal },
  );
  const number = (table: FilledTable) => table.rows.toLocaleString('en');
  const line = (what: string, beside: string) => ({ scenario: 'logs', what, unit: 'ms' as const, beside });
  const page = `first page of a day among ${number(many)}`;
  return [
    compared(line(`${page}, the read alone`, 'bare `pg`'), compare(figures.read, figures.bare), {
      atMost: 2,
    }),
    compared(line(`${page}, over HTTP`, 'bare Fastify'), compare(figures.many, figures.fastify), {
      atMost: 2,
    }),
    compared(line(`${page}, over HTTP`, 'bare `pg`, no HTTP'), compare(figures.many, figures.bare)),
    compared(line(`${page}, over HTTP`, `among ${number(few)}`), compare(figures.many, figures.few), {
      atMost: 1.3,
    }),
    compared(
      line(`the same by bare \`pg\` among ${number(many)}`, `among ${number(few)}`),
      compare(figures.bare, figures.fewBare),
    ),
  ];
}

/** Milliseconds of a search. The same call asks every side for the same day. */
type Search = (call: number) => Promise<number>;

async function byHttp(
  { laboratory, scope, signal }: Bench,
  program: 'device-service' | 'floor',
  table: FilledTable,
): Promise<Search> {
  const service = await laboratory.service(scope, { program, databaseUrl: table.url });
  const http = httpClient(service.origin, signal);
  scope.defer(() => http.close());
  return (call) =>
    timed(async () => {
      const day = dayOfYear(call);
      const answer = await http.expect('GET', `/execution-logs/search?start=${day}&end=${day}`);
      const found = member(answer, 'execution_logs');
      if (!Array.isArray(found) || found.length !== 50)
        throw new Error(`The search for ${day} found no full page`);
    });
}

/** What the service does for a search, without HTTP. */
function bySearch({ scope }: Bench, table: FilledTable): Search {
  const db = openDb({ url: table.url, applicationName: 'bench', max: 1 });
  scope.defer(() => db.close());
  const reader = logReader(db);
  return (call) =>
    timed(async () => {
      const day = dayOfYear(call);
      const page = await readPage(reader, { ...selectionOf({ start: day, end: day }), limit: 50 });
      if (page.execution_logs.length !== 50) throw new Error(`The search for ${day} found no full page`);
    });
}

const byDriver =
  (client: Client): Search =>
  (call) =>
    timed(async () => {
      const day = dayOfYear(call);
      if ((await readDay(client, day)).length < 51)
        throw new Error(`The bare search for ${day} found no full page`);
    });
