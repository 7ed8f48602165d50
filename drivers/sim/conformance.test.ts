import type { ConformanceHarness } from '@labwright/driver-kit/conformance';
import { driverConformance } from '@labwright/driver-kit/conformance';
import { simulators } from './index.ts';
import { makeBench } from './testing/bench.ts';

type Case = Pick<ConformanceHarness, 'operation' | 'parameters' | 'otherParameters' | 'invalid'>;

const cases: Record<string, Case> = {
  liquid_handler: {
    operation: 'pipette_transfer',
    parameters: { volume_ul: 20, destination_well: 'B3' },
    otherParameters: { volume_ul: 21, destination_well: 'B3' },
    invalid: {
      parameters: { volume_ul: 5_000, source_well: 'Z1', volume: 3 },
      paths: ['parameters.volume_ul', 'parameters.source_well', 'parameters.volume'],
    },
  },
  incubator: {
    operation: 'incubate',
    parameters: {},
    otherParameters: { temperature_c: 42 },
    invalid: {
      parameters: { temperature_c: 300, duration_s: 0 },
      paths: ['parameters.temperature_c', 'parameters.duration_s'],
    },
  },
  plate_reader: {
    operation: 'plate_read',
    parameters: { wells: ['A1', 'H12'] },
    otherParameters: { wells: ['H12', 'A1'] },
    invalid: { parameters: { wells: ['A1', 'A13'] }, paths: ['parameters.wells[1]'] },
  },
  centrifuge: {
    operation: 'spin',
    parameters: { rcf_g: 500 },
    otherParameters: { rcf_g: 501 },
    invalid: { parameters: { ramp: 'violent' }, paths: ['parameters.ramp'] },
  },
  thermocycler: {
    operation: 'run_pcr',
    parameters: { cycles: 35 },
    otherParameters: {},
    invalid: { parameters: { anneal_c: 96 }, paths: ['parameters.anneal_c'] },
  },
  plate_sealer: {
    operation: 'seal_plate',
    parameters: {},
    otherParameters: { duration_s: 3 },
    invalid: { parameters: { duration_s: '3' }, paths: ['parameters.duration_s'] },
  },
  plate_washer: {
    operation: 'wash_plate',
    parameters: { plate_format: 384, volume_ul: 50 },
    otherParameters: { plate_format: 96, volume_ul: 50 },
    invalid: {
      parameters: { plate_format: 95, cycles: 2.5 },
      paths: ['parameters.plate_format', 'parameters.cycles'],
    },
  },
};

for (const { type } of simulators) {
  const known = cases[type];
  if (!known) throw new Error(`${type} has no conformance case`);
  driverConformance(`the simulated ${type}`, async ({ remembers }) => {
    const bench = await makeBench(type, { remembers });
    return {
      ...known,
      remembers,
      open: bench.open,
      finish: () => bench.clock.advance(30 * 86_400_000),
      movements: (execution_id) => bench.moved.filter((id) => id === execution_id).length,
      dispose: bench.dispose,
    };
  });
}
