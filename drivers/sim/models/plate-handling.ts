import { count, quantity } from '@labwright/driver-kit';
import { Type } from 'typebox';
import { type SimulatedInstrument, simulated } from '../instrument.ts';
import { plateFormat } from '../labware.ts';
import { roundTo } from '../random.ts';

const closed = { additionalProperties: false };

const sealPlate = simulated({
  name: 'seal_plate',
  description: 'Welds a foil onto the plate.',
  parameters: Type.Object(
    {
      temperature_c: quantity({
        unit: '°C',
        minimum: 100,
        maximum: 200,
        default: 165,
        precision: 1,
        description: 'Of the hot plate',
      }),
      duration_s: quantity({
        unit: 's',
        minimum: 0.5,
        maximum: 10,
        default: 2.5,
        precision: 0.1,
        description: 'Time under pressure',
      }),
    },
    closed,
  ),
  safe_to_repeat: false,
  typical_seconds: ({ duration_s }) => duration_s + 10,
  simulate: ({ temperature_c, duration_s }, { random }) => ({
    duration_s,
    mean_temperature_c: roundTo(random.normal(temperature_c, 0.5), 0.1),
    seals_used: 1,
  }),
});

export const plateSealer: SimulatedInstrument = {
  type: 'plate_sealer',
  description: 'Seals plates with foil.',
  operations: [sealPlate],
  failures: {
    out_of_foil: 'the roll of foil is empty',
    plate_missing: 'there is no plate in the shuttle',
    not_heated: 'the hot plate did not reach its temperature',
  },
};

const washPlate = simulated({
  name: 'wash_plate',
  description: 'Fills and empties every well of a plate, several times.',
  parameters: Type.Object(
    {
      plate_format: plateFormat(),
      buffer: Type.String({
        default: 'wash buffer',
        minLength: 1,
        maxLength: 100,
        description: 'What it washes with',
      }),
      volume_ul: quantity({
        unit: 'µL',
        minimum: 25,
        maximum: 400,
        default: 300,
        precision: 5,
        description: 'For each well and cycle',
      }),
      cycles: count({ minimum: 1, maximum: 20, default: 3, description: 'Fill and empty' }),
      soak_s: quantity({
        unit: 's',
        minimum: 0,
        maximum: 600,
        default: 5,
        precision: 1,
        description: 'Between fill and empty',
      }),
    },
    closed,
  ),
  safe_to_repeat: false,
  typical_seconds: ({ cycles, soak_s, plate_format, volume_ul }) =>
    10 + cycles * (soak_s + (plate_format === 384 ? 16 : 8) + volume_ul / 50),
  simulate: ({ buffer, volume_ul, cycles, plate_format }, { random }) => ({
    buffer,
    cycles,
    used_ml: roundTo(random.normal(1.03, 0.005) * volume_ul * cycles * plate_format * 0.001, 0.1),
    mean_residual_ul: roundTo(random.between(0.8, 2), 0.1),
  }),
});

export const plateWasher: SimulatedInstrument = {
  type: 'plate_washer',
  description: 'Washes whole plates.',
  operations: [washPlate],
  failures: {
    waste_full: 'the waste bottle is full',
    buffer_empty: 'the buffer bottle is empty',
    clogged_manifold: 'a channel of the manifold is clogged',
  },
};
