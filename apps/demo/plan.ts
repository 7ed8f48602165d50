import type { DemoDevices } from '@labwright/devices/demo';
import { driverRegistry, estimateSeconds } from '@labwright/driver-kit';
import { simulators } from '@labwright/driver-sim';
import type { DemoWorkflows } from '@labwright/workflows/demo';

/** Execution logs that the first start makes; `labwright demo --logs N` makes more. */
export const firstStartLogs = 20_000;

const day = 86_400_000;

/**
 * The demo laboratory: eight instruments, five plates of samples, fifty workflows, and logs since 1 January 2025
 * (at least a year). The same plan each time, so that two services seeded apart still fit together.
 */
export function demoPlan(now = Date.now()): DemoDevices & DemoWorkflows {
  const workflows = Array.from({ length: 50 }, (_, index) => workflow(index, now));
  return {
    devices,
    logs: {
      count: firstStartLogs,
      from: Math.min(Date.UTC(2025, 0, 1), now - 365 * day),
      to: now,
      typical_seconds: typicalSeconds(),
      workflow_ids: workflows.filter(({ status }) => status !== 'created').map(({ id }) => id),
    },
    plates,
    samples,
    workflows,
  };
}

const models = driverRegistry(simulators);

/** Simulators run sixty times faster than the instruments that they stand for: a minute passes in a second. */
const settings = { speed: 60 };

const devices: DemoDevices['devices'] = [
  device('liquid-handler-1', 'Liquid handler 1', 'liquid_handler', 12, 'Bench A'),
  device('liquid-handler-2', 'Liquid handler 2', 'liquid_handler', 12, 'Bench A'),
  device('incubator-1', 'Incubator 1', 'incubator', 44, 'Bench B'),
  device('incubator-2', 'Incubator 2', 'incubator', 44, 'Bench B'),
  device('plate-reader-1', 'Plate reader 1', 'plate_reader', 1, 'Bench C'),
  device('plate-reader-2', 'Plate reader 2', 'plate_reader', 1, 'Bench C'),
  device('centrifuge-1', 'Centrifuge 1', 'centrifuge', 4, 'Bench D'),
  device('thermocycler-1', 'Thermocycler 1', 'thermocycler', 1, 'Bench D'),
];

function device(
  id: string,
  name: string,
  type: string,
  nests: number,
  location: string,
): DemoDevices['devices'][number] {
  const capabilities = [...(models.get(type)?.operations.keys() ?? [])];
  return { id, name, type, nests, location, capabilities, settings };
}

/** How long each operation takes on these devices, at their speed. */
function typicalSeconds(): Record<string, number> {
  return Object.fromEntries(
    simulators.flatMap((model) =>
      [...model.operations.keys()].map((operation) => [
        operation,
        estimateSeconds(model, operation, {}, settings) ?? 1,
      ]),
    ),
  );
}

const plates: DemoWorkflows['plates'] = Array.from({ length: 5 }, (_, index) => ({
  id: `PLATE-0${index + 1}`,
  name: `Plate ${index + 1}`,
  rows: 8,
  columns: 12,
}));

const sampleTypes = ['blood', 'tissue', 'saliva', 'plasma'];

const samples: DemoWorkflows['samples'] = plates.flatMap((plate, plateIndex) =>
  Array.from({ length: 96 }, (_, index) => ({
    barcode: barcode(plateIndex * 96 + index),
    sample_type: sampleTypes[(plateIndex * 96 + index) % sampleTypes.length] ?? 'blood',
    plate_id: plate.id,
    well: `${String.fromCharCode(65 + Math.floor(index / 12))}${(index % 12) + 1}`,
    volume_ul: 100 + ((index * 37) % 150),
  })),
);

/** SAMPLE001, SAMPLE002, … */
function barcode(index: number): string {
  return `SAMPLE${String(index + 1).padStart(3, '0')}`;
}

const kinds = [
  {
    name: 'PCR set-up',
    devices: ['liquid-handler-1', 'liquid-handler-2'],
    steps: ['pipette_transfer', 'dispense_reagent', 'mix'],
  },
  {
    name: 'Overnight culture',
    devices: ['incubator-1', 'incubator-2'],
    steps: ['set_temperature', 'incubate'],
  },
  {
    name: 'ELISA read-out',
    devices: ['plate-reader-1', 'plate-reader-2'],
    steps: ['plate_read', 'read_absorbance'],
  },
  {
    name: 'Serial dilution',
    devices: ['liquid-handler-2', 'liquid-handler-1'],
    steps: ['aspirate', 'pipette_transfer', 'mix', 'wash'],
  },
  { name: 'PCR amplification', devices: ['thermocycler-1'], steps: ['run_pcr'] },
  { name: 'Plasma separation', devices: ['centrifuge-1'], steps: ['spin'] },
] as const;

/** Forty-four have ended, six wait to be started. */
function workflow(index: number, now: number): DemoWorkflows['workflows'][number] {
  const kind = kinds[index % kinds.length] ?? kinds[0];
  const round = Math.floor(index / kinds.length);
  const fresh = index >= 44;
  const createdAt = fresh
    ? now - (50 - index) * 3_600_000
    : now - (45 - index) * 7 * day - (index % 9) * 3_600_000;
  return {
    // A UUID that stays the same, so that logs, bookings and workflows name each other.
    id: `00000000-0000-4000-8000-${String(index + 1).padStart(12, '0')}`,
    name: `${kind.name} ${round + 1}`,
    device_id: kind.devices[round % kind.devices.length] ?? kind.devices[0],
    steps: [...kind.steps],
    sample_barcodes: Array.from({ length: 8 }, (_, sample) => barcode((index * 8 + sample) % samples.length)),
    status: fresh ? 'created' : index % 11 === 7 ? 'cancelled' : 'completed',
    created_at: createdAt,
  };
}
