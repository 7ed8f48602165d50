import { compared, type Finding, figure } from '../findings.ts';
import { type HttpClient, httpClient } from '../laboratory/http.ts';
import { deviceId, seedDevices } from '../seed/devices.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const rivals = 100;
const races = 50;

/** A hundred workflows want one device in the same moment. */
export const race: Scenario = {
  name: 'race',
  method:
    `${rivals} workflows book one device at once over ${rivals} open connections, ${races} times, each time ` +
    'another device. A race counts as won by one where exactly one answer is 201, all others are 409, and the ' +
    'database has exactly one active booking. Floor: bare Fastify with one statement a request.',
  limitSeconds: 180,
  run: async ({ laboratory, scope, signal }: Bench): Promise<Finding[]> => {
    const fill = (client: Parameters<typeof seedDevices>[0]) => seedDevices(client, races + 1);
    const url = await laboratory.database(scope, 'bench_race', 'device', fill);
    const floorUrl = await laboratory.database(scope, 'bench_race_floor', 'device', fill);
    const service = await laboratory.service(scope, { program: 'device-service', databaseUrl: url });
    const floor = await laboratory.service(scope, { program: 'floor', databaseUrl: floorUrl });
    const database = await laboratory.client(scope, url);
    const ours = httpClient(service.origin, signal, rivals);
    const bare = httpClient(floor.origin, signal, rivals);
    scope.defer(() => ours.close());
    scope.defer(() => bare.close());

    const times: { ours: number[]; floor: number[] } = { ours: [], floor: [] };
    let won = 0;
    for (let round = 1; round <= races + 1; round += 1) {
      const device = deviceId(round);
      const outcome = await runRace(ours, device);
      const bareOutcome = await runRace(bare, device);
      // The first race opens the connections.
      if (round === 1) continue;
      times.ours.push(outcome.ms);
      times.floor.push(bareOutcome.ms);
      const active = await database.query(
        `SELECT FROM device_bookings WHERE device_id = $1 AND status = 'active'`,
        [device],
      );
      if (outcome.booked === 1 && outcome.refused === rivals - 1 && active.rowCount === 1) won += 1;
    }
    return [
      figure(
        { scenario: 'race', what: `races of ${rivals} with exactly one booking`, unit: 'rounds', ours: won },
        { text: `${races} of ${races}`, holds: won === races },
      ),
      compared(
        {
          scenario: 'race',
          what: `one race of ${rivals}, until all are answered`,
          unit: 'ms',
          beside: 'bare Fastify',
        },
        compare(times.ours, times.floor),
      ),
    ];
  },
};

async function runRace(http: HttpClient, device: string) {
  const start = performance.now();
  const answers = await Promise.all(
    Array.from({ length: rivals }, (_, rival) =>
      http.send('POST', `/devices/${device}/book`, { workflow_id: `rival-${rival}` }),
    ),
  );
  const ms = performance.now() - start;
  const count = (status: number) => answers.filter((answer) => answer.status === status).length;
  return { ms, booked: count(201) + count(200), refused: count(409) };
}
