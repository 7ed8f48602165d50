import type { Client } from 'pg';
import { compared, type Finding } from '../findings.ts';
import { type HttpClient, httpClient } from '../laboratory/http.ts';
import { interleaveCalls, timed } from '../rounds.ts';
import { deviceId, seedDevices, seedDurations, seedQueue } from '../seed/devices.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const fewDevices = 100;
const manyDevices = 10_000;
const waiting = 100_000;

/** What people look at: the list of devices, and how long they would wait behind a very long queue. */
export const reads: Scenario = {
  name: 'reads',
  method:
    `The first page of \`GET /devices\` with ${manyDevices.toLocaleString('en')} devices and with ${fewDevices}; ` +
    `\`GET /devices/{id}/wait-time\` for a new entry behind ${waiting.toLocaleString('en')} others with three operations each. ` +
    'Floor of the latter: one statement of a bare `pg` client that counts the operations ahead.',
  limitSeconds: 180,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { settings, signal } = bench;
    const few = await open(bench, 'bench_reads_few', (client) => seedDevices(client, fewDevices));
    const many = await open(bench, 'bench_reads_many', async (client) => {
      await seedDevices(client, manyDevices);
      await seedDurations(client, 8);
      await seedQueue(client, deviceId(1), waiting);
    });
    const database = await bench.laboratory.client(bench.scope, many.url);
    const figures = await interleaveCalls(
      {
        few: () => timed(() => few.http.expect('GET', '/devices')),
        many: () => timed(() => many.http.expect('GET', '/devices')),
        wait: () => timed(() => many.http.expect('GET', `/devices/${deviceId(1)}/wait-time?priority=low`)),
        waitBare: () => timed(() => countAhead(database, deviceId(1))),
      },
      { rounds: settings.rounds, callsARound: 20, signal },
    );
    const line = (what: string, beside: string) => ({ scenario: 'reads', what, unit: 'ms' as const, beside });
    return [
      compared(
        line(`a page of devices among ${manyDevices.toLocaleString('en')}`, `among ${fewDevices}`),
        compare(figures.many, figures.few),
        { atMost: 1.5 },
      ),
      compared(
        line(`wait time behind ${waiting.toLocaleString('en')} entries`, 'bare `pg` count'),
        compare(figures.wait, figures.waitBare),
      ),
    ];
  },
};

async function open(
  { laboratory, scope, signal }: Bench,
  name: string,
  fill: (client: Client) => Promise<void>,
): Promise<{ url: string; http: HttpClient }> {
  const url = await laboratory.database(scope, name, 'device', fill);
  const service = await laboratory.service(scope, { program: 'device-service', databaseUrl: url });
  const http = httpClient(service.origin, signal);
  scope.defer(() => http.close());
  return { url, http };
}

const countAhead = (client: Client, device: string) =>
  client.query({
    name: 'count ahead',
    text: `SELECT operation, count(*) FROM device_queue, unnest(operations) AS operation
           WHERE device_id = $1 AND status = 'queued' GROUP BY operation`,
    values: [device],
  });
