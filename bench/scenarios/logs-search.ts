import type { Client } from 'pg';
import { compared, type Finding } from '../findings.ts';
import { readDay } from '../floor/logs.ts';
import { type HttpClient, httpClient, member } from '../laboratory/http.ts';
import { interleaveCalls, timed } from '../rounds.ts';
import { dayOfYear } from '../seed/logs.ts';
import { compare } from '../stats.ts';
import type { Bench } from './scenario.ts';

export interface FilledTable {
  url: string;
  rows: number;
}

/** A search for a day: beside the bare driver, and beside a table of another size. */
export async function search(bench: Bench, many: FilledTable, few: FilledTable): Promise<Finding[]> {
  const { settings, signal, say } = bench;
  say('searching');
  const manySides = await sides(bench, many);
  const fewSides = await sides(bench, few);
  const figures = await interleaveCalls(
    { many: manySides.http, few: fewSides.http, manyBare: manySides.bare, fewBare: fewSides.bare },
    { rounds: settings.rounds, callsARound: 60, signal },
  );
  const number = (table: FilledTable) => table.rows.toLocaleString('en');
  const line = (what: string, beside: string) => ({ scenario: 'logs', what, unit: 'ms' as const, beside });
  return [
    compared(
      line(`first page of a day among ${number(many)}`, 'bare `pg`'),
      compare(figures.many, figures.manyBare),
      { atMost: 2 },
    ),
    compared(
      line(`first page of a day among ${number(many)}`, `among ${number(few)}`),
      compare(figures.many, figures.few),
      { atMost: 1.3 },
    ),
    compared(
      line(`the same by bare \`pg\` among ${number(many)}`, `among ${number(few)}`),
      compare(figures.manyBare, figures.fewBare),
    ),
  ];
}

async function sides(bench: Bench, table: FilledTable): Promise<{ http: Search; bare: Search }> {
  const { laboratory, scope, signal } = bench;
  const service = await laboratory.service(scope, { program: 'device-service', databaseUrl: table.url });
  const http = httpClient(service.origin, signal);
  scope.defer(() => http.close());
  const client = await laboratory.client(scope, table.url);
  // The service tells the planner the same: the index is there, follow it.
  await client.query('SET enable_sort = off; SET enable_bitmapscan = off; SET jit = off');
  return { http: byHttp(http), bare: byDriver(client) };
}

/** Milliseconds of a search. The same call asks every side for the same day. */
type Search = (call: number) => Promise<number>;

const byHttp =
  (http: HttpClient): Search =>
  (call) =>
    timed(async () => {
      const day = dayOfYear(call);
      const answer = await http.expect('GET', `/execution-logs/search?start=${day}&end=${day}`);
      const found = member(answer, 'execution_logs');
      if (!Array.isArray(found) || found.length !== 50)
        throw new Error(`The search for ${day} found no full page`);
    });

const byDriver =
  (client: Client): Search =>
  (call) =>
    timed(async () => {
      const day = dayOfYear(call);
      if ((await readDay(client, day)) < 51) throw new Error(`The bare search for ${day} found no full page`);
    });
