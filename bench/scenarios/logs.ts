import { type Finding, figure } from '../findings.ts';
import { timed } from '../rounds.ts';
import { seedYear } from '../seed/logs.ts';
import { search } from './logs-search.ts';
import { stream } from './logs-stream.ts';
import type { Bench, Scenario } from './scenario.ts';

const fewLogs = 50_000;

/** Millions of execution logs: search them, and read them all. */
export const logs: Scenario = {
  name: 'logs',
  method:
    'The logs of one year are filled in as `labwright demo --logs N` does it, then vacuumed and written to disk. ' +
    'A search asks for the first page (50 rows) of one day, another day each time, one request after the other, after a thousand that are not counted; ' +
    'floor: the same SQL as a named statement of a bare `pg` client, and bare Fastify that answers what that client ' +
    'read. The read alone is the code of the service, called without HTTP, beside that client. A stream asks for rows as NDJSON; floor: a ' +
    'loop of a bare client that reads a thousand rows at a time and makes the same JSON of them. For the memory, ' +
    'the whole table is streamed by a fresh process with the heap limit of the production image, to a reader ' +
    'that stops for five seconds on the way; what counts is the largest resident size the system saw (`VmHWM`).',
  limitSeconds: 3_600,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, say, signal } = bench;
    let seedingMs = 0;
    const many = await laboratory.database(scope, 'bench_logs_many', 'device', async (client, db) => {
      const tellEvery = 500_000;
      seedingMs = await timed(() =>
        seedYear(client, db, settings.logs, (done) => {
          signal.throwIfAborted();
          if (done % tellEvery === 0) say(`${done.toLocaleString('en')} execution logs filled in`);
        }),
      );
    });
    const few = await laboratory.database(scope, 'bench_logs_few', 'device', (client, db) =>
      seedYear(client, db, fewLogs, () => {}),
    );
    const seeding = figure({
      scenario: 'logs',
      what: `filling in ${settings.logs.toLocaleString('en')} logs, seven indexes`,
      unit: '/s',
      ours: (settings.logs / seedingMs) * 1000,
    });
    return [
      seeding,
      ...(await search(bench, { url: many, rows: settings.logs }, { url: few, rows: fewLogs })),
      ...(await stream(bench, { url: many, rows: settings.logs })),
    ];
  },
};
