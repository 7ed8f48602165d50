import type { Client } from 'pg';
import { compared, type Finding } from '../findings.ts';
import { handOnSql } from '../floor/statements.ts';
import { type HttpClient, httpClient, member } from '../laboratory/http.ts';
import { interleaveCalls, timed } from '../rounds.ts';
import { addToQueue, deviceId, seedDevices, seedDurations, seedQueue } from '../seed/devices.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const short = { device: deviceId(1), entries: 100 };
const long = { device: deviceId(2), entries: 100_000 };

/** Release hands the device on to the next of its queue, however long that queue is. */
export const queue: Scenario = {
  name: 'queue',
  method:
    'A device is released again and again, one release after the other; each hands it on to the next of its queue, ' +
    'and an entry is added behind, so that the queue keeps its length. Floor: lock, release, next, book as four ' +
    'named statements in a transaction of a bare `pg` client.',
  limitSeconds: 300,
  run: async ({ laboratory, scope, signal, settings }: Bench): Promise<Finding[]> => {
    const fill = async (client: Client) => {
      await seedDevices(client, 2);
      await seedDurations(client, 2);
      for (const { device, entries } of [short, long]) await seedQueue(client, device, entries);
    };
    const url = await laboratory.database(scope, 'bench_queue', 'device', fill);
    const floorUrl = await laboratory.database(scope, 'bench_queue_floor', 'device', fill);
    const service = await laboratory.service(scope, { program: 'device-service', databaseUrl: url });
    const http = httpClient(service.origin, signal);
    scope.defer(() => http.close());
    const database = await laboratory.client(scope, url);
    const bare = await laboratory.client(scope, floorUrl);

    const figures = await interleaveCalls(
      {
        short: overHttp(http, database, short.device),
        long: overHttp(http, database, long.device),
        shortBare: byDriver(bare, short.device),
        longBare: byDriver(bare, long.device),
      },
      { rounds: settings.rounds, callsARound: 40, signal },
    );
    const what = `release and next booking, ${long.entries.toLocaleString('en')} waiting`;
    return [
      compared(
        { scenario: 'queue', what, unit: 'ms', beside: `with ${short.entries} waiting` },
        compare(figures.long, figures.short),
        { atMost: 2 },
      ),
      compared(
        { scenario: 'queue', what, unit: 'ms', beside: 'bare `pg` transaction' },
        compare(figures.long, figures.longBare),
      ),
      compared(
        {
          scenario: 'queue',
          what: `the bare \`pg\` transaction itself, ${long.entries.toLocaleString('en')} waiting`,
          unit: 'ms',
          beside: `with ${short.entries} waiting`,
        },
        compare(figures.longBare, figures.shortBare),
      ),
    ];
  },
};

type Release = (call: number) => Promise<number>;

/** Milliseconds of a release over HTTP. */
function overHttp(http: HttpClient, database: Client, device: string): Release {
  let holder = 'holder';
  return async (call) => {
    const ms = await timed(async () => {
      const answer = await http.expect('POST', `/devices/${device}/release`, { workflow_id: holder });
      holder = nextHolder(member(answer, 'next_booking'));
    });
    await addToQueue(database, device, `late-${call}`);
    return ms;
  };
}

function nextHolder(booking: unknown): string {
  if (typeof booking === 'object' && booking !== null && 'workflow_id' in booking)
    return String(booking.workflow_id);
  throw new Error('A release with entries waiting booked nobody');
}

/** Milliseconds of a release by a bare transaction. */
function byDriver(client: Client, device: string): Release {
  const run = (name: keyof typeof handOnSql, values: unknown[]) =>
    client.query<{ id: string; workflow_id: string }>({ name, text: handOnSql[name], values });
  return async (call) => {
    const ms = await timed(async () => {
      await client.query('BEGIN');
      await run('lock', [device]);
      await run('release', [device]);
      const next = (await run('next', [device])).rows[0];
      await run('book', [device, next?.workflow_id, next?.id]);
      await client.query('COMMIT');
    });
    await addToQueue(client, device, `late-${call}`);
    return ms;
  };
}
