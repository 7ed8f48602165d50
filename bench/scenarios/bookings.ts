import { compared, type Finding } from '../findings.ts';
import { httpClient } from '../laboratory/http.ts';
import type { RunningService } from '../laboratory/processes.ts';
import { interleave, perSecond, type Side } from '../rounds.ts';
import { deviceId, seedDevices } from '../seed/devices.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const devices = 500;
/** Short rounds and more of them: a commit waits for the disk, and how long changes from second to second. */
const roundsForOne = 3;
const atOnce = 32;
/** Labwright does more in a booking: it answers a retry, guards the queue, logs, measures. Half is what that may cost. */
const share = { atLeast: 0.5 };
const everyDevice = Array.from({ length: devices }, (_, index) => deviceId(index + 1));

/** How many bookings and releases a second, end to end. */
export const bookings: Scenario = {
  name: 'bookings',
  method:
    `Each round books ${devices} free devices and then releases them all, ${atOnce} requests at once. ` +
    'Floor: bare Fastify with one named statement a request that writes the same rows (device, booking, event), ' +
    'on a pool of the same size. Load, service and PostgreSQL share the processors. Processor time is what the ' +
    'process of the service used for one booking and its release.',
  limitSeconds: 300,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, signal, settings } = bench;
    const fill = (client: Parameters<typeof seedDevices>[0]) => seedDevices(client, devices);
    const url = await laboratory.database(scope, 'bench_bookings', 'device', fill);
    const floorUrl = await laboratory.database(scope, 'bench_bookings_floor', 'device', fill);
    const service = await laboratory.service(scope, { program: 'device-service', databaseUrl: url });
    const floor = await laboratory.service(scope, { program: 'floor', databaseUrl: floorUrl });
    const figures = await interleave(
      { ours: side(service, bench), bare: side(floor, bench) },
      { rounds: settings.rounds * roundsForOne, signal },
    );
    const both = (name: keyof Figures) =>
      compare(
        figures.ours.map((round) => round[name]),
        figures.bare.map((round) => round[name]),
      );
    const line = (what: string) => ({
      scenario: 'bookings',
      what,
      unit: '/s' as const,
      beside: 'bare Fastify',
    });
    return [
      compared(line(`bookings, ${atOnce} at once`), both('booked'), share),
      compared(line(`releases, ${atOnce} at once`), both('released')),
      compared(
        { ...line('processor time of the service, a booking and its release'), unit: 'ms' },
        both('cpu'),
      ),
    ];
  },
};

interface Figures {
  /** A second. */
  booked: number;
  released: number;
  /** Milliseconds of processor time that one booking and its release took in the process of the service. */
  cpu: number;
}

/** One round against one server: books every device, then releases every device. */
function side(service: RunningService, { scope, signal }: Bench): Side<Figures> {
  const http = httpClient(service.origin, signal, atOnce);
  scope.defer(() => http.close());
  const send = (verb: string, round: number) => (device: string) =>
    http.expect('POST', `/devices/${device}/${verb}`, { workflow_id: `round-${round}` });
  return async (round) => {
    const before = await service.cpuTime();
    const booked = await perSecond(everyDevice, atOnce, send('book', round));
    const released = await perSecond(everyDevice, atOnce, send('release', round));
    const after = await service.cpuTime();
    return { booked, released, cpu: ((after ?? Number.NaN) - (before ?? Number.NaN)) / devices };
  };
}
