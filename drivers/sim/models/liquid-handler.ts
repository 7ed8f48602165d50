import { count, quantity } from '@labwright/driver-kit';
import { Type } from 'typebox';
import { type SimulatedInstrument, simulated } from '../instrument.ts';
import { firstColumn, wellName, wellNames } from '../labware.ts';
import { type Random, roundTo } from '../random.ts';

/** What one stroke of each tip can hold, in µL. */
const tipCapacity = { p20: 20, p300: 300, p1000: 1000 } as const;
const closed = { additionalProperties: false };

const volume = (volume_ul: number) =>
  quantity({
    unit: 'µL',
    minimum: 0.5,
    maximum: 1000,
    default: volume_ul,
    precision: 0.1,
    description: 'Volume for each well',
  });
const flowRate = () =>
  quantity({
    unit: 'µL/s',
    minimum: 1,
    maximum: 500,
    default: 100,
    precision: 1,
    description: 'Flow through the tip',
  });
const tipType = () =>
  Type.Enum(['p20', 'p300', 'p1000'], { default: 'p300', description: 'Tip, by its capacity in µL' });
const labware = (name: string) =>
  Type.String({
    default: name,
    minLength: 1,
    maxLength: 100,
    description: 'Barcode or deck position of the labware',
  });

/** Seconds for a tip to be fetched and thrown away, and for one way across the deck. */
const tipChange_s = 6;
const travel_s = 1.5;

const strokes = (volume_ul: number, tip: keyof typeof tipCapacity) => Math.ceil(volume_ul / tipCapacity[tip]);

/**
 * What really arrives: pipetting is a little short, and scatters more the smaller the volume (about 0.4 % of 100 µL,
 * 5 % of half a microlitre), as air-displacement pipettes do.
 */
function delivered(volume_ul: number, random: Random): number {
  const deviation = volume_ul * 0.004 + 0.025;
  return roundTo(Math.max(0, random.normal(volume_ul * 0.998, deviation)), 0.01);
}

const pipetteTransfer = simulated({
  name: 'pipette_transfer',
  description: 'Moves liquid from one well to another with a fresh tip.',
  parameters: Type.Object(
    {
      source_labware: labware('source'),
      source_well: wellName('Well to take from', 'A1'),
      destination_labware: labware('destination'),
      destination_well: wellName('Well to give to', 'A1'),
      volume_ul: volume(50),
      flow_rate_ul_s: flowRate(),
      tip_type: tipType(),
      mix_cycles: count({ minimum: 0, maximum: 20, default: 0, description: 'Mixing after the transfer' }),
    },
    closed,
  ),
  safe_to_repeat: false,
  typical_seconds: ({ volume_ul, flow_rate_ul_s, tip_type, mix_cycles }) =>
    tipChange_s +
    strokes(volume_ul, tip_type) * 2 * travel_s +
    (2 * volume_ul * (1 + 0.8 * mix_cycles)) / flow_rate_ul_s,
  simulate: (parameters, { random }) => {
    const { volume_ul, tip_type, source_labware, source_well, destination_labware, destination_well } =
      parameters;
    const delivered_ul = delivered(volume_ul, random);
    return {
      requested_ul: volume_ul,
      aspirated_ul: roundTo(delivered_ul + random.between(0, 0.05), 0.01),
      delivered_ul,
      error_percent: roundTo((100 * (delivered_ul - volume_ul)) / volume_ul, 0.01),
      strokes: strokes(volume_ul, tip_type),
      tips_used: 1,
      source: `${source_labware}:${source_well}`,
      destination: `${destination_labware}:${destination_well}`,
    };
  },
});

const dispenseReagent = simulated({
  name: 'dispense_reagent',
  description: 'Gives the same volume of a reagent from a trough to each well.',
  parameters: Type.Object(
    {
      reagent: Type.String({
        default: 'buffer',
        minLength: 1,
        maxLength: 100,
        description: 'Name of the reagent',
      }),
      labware: labware('destination'),
      wells: wellNames('Wells to give to', firstColumn),
      volume_ul: volume(100),
      flow_rate_ul_s: flowRate(),
      tip_type: tipType(),
    },
    closed,
  ),
  safe_to_repeat: false,
  typical_seconds: ({ wells, volume_ul, flow_rate_ul_s, tip_type }) =>
    tipChange_s + wells.length * (strokes(volume_ul, tip_type) * travel_s + (2 * volume_ul) / flow_rate_ul_s),
  simulate: ({ reagent, wells, volume_ul }, { random }) => {
    const delivered_ul = Object.fromEntries(wells.map((well) => [well, delivered(volume_ul, random)]));
    const total_ul = Object.values(delivered_ul).reduce((sum, value) => sum + value, 0);
    return {
      reagent,
      requested_ul: volume_ul,
      delivered_ul,
      total_ul: roundTo(total_ul, 0.01),
      tips_used: 1,
    };
  },
});

const aspirate = simulated({
  name: 'aspirate',
  description: 'Takes liquid out of a well, to waste.',
  parameters: Type.Object(
    {
      labware: labware('source'),
      well: wellName('Well to take from', 'A1'),
      volume_ul: volume(50),
      flow_rate_ul_s: flowRate(),
      tip_type: tipType(),
    },
    closed,
  ),
  safe_to_repeat: false,
  typical_seconds: ({ volume_ul, flow_rate_ul_s, tip_type }) =>
    tipChange_s + strokes(volume_ul, tip_type) * 2 * travel_s + volume_ul / flow_rate_ul_s,
  simulate: ({ volume_ul, well }, { random }) => ({
    well,
    requested_ul: volume_ul,
    aspirated_ul: delivered(volume_ul, random),
    tips_used: 1,
  }),
});

const mix = simulated({
  name: 'mix',
  description: 'Draws liquid up and gives it back to the same well, again and again.',
  parameters: Type.Object(
    {
      labware: labware('destination'),
      well: wellName('Well to mix', 'A1'),
      volume_ul: volume(40),
      cycles: count({ minimum: 1, maximum: 50, default: 5, description: 'Strokes up and down' }),
      flow_rate_ul_s: flowRate(),
      tip_type: tipType(),
    },
    closed,
  ),
  safe_to_repeat: false,
  typical_seconds: ({ volume_ul, cycles, flow_rate_ul_s }) =>
    tipChange_s + travel_s + (cycles * 2 * volume_ul) / flow_rate_ul_s,
  check: ({ volume_ul, tip_type }) =>
    volume_ul > tipCapacity[tip_type]
      ? [
          {
            path: 'volume_ul',
            message: `must fit into the tip: ${tip_type} holds ${tipCapacity[tip_type]} µL`,
          },
        ]
      : [],
  simulate: ({ well, cycles, volume_ul }, { random }) => ({
    well,
    cycles,
    stroke_ul: delivered(volume_ul, random),
    tips_used: 1,
  }),
});

const wash = simulated({
  name: 'wash',
  description: 'Rinses wells: fills and empties each of them, several times.',
  parameters: Type.Object(
    {
      labware: labware('destination'),
      wells: wellNames('Wells to wash', firstColumn),
      volume_ul: volume(200),
      cycles: count({ minimum: 1, maximum: 20, default: 3, description: 'Rinses of each well' }),
      flow_rate_ul_s: flowRate(),
      tip_type: tipType(),
    },
    closed,
  ),
  safe_to_repeat: false,
  typical_seconds: ({ wells, volume_ul, cycles, flow_rate_ul_s }) =>
    tipChange_s + wells.length * cycles * (travel_s + (2 * volume_ul) / flow_rate_ul_s),
  simulate: ({ wells, volume_ul, cycles }, { random }) => ({
    cycles,
    used_ul: roundTo(delivered(volume_ul, random) * wells.length * cycles, 0.1),
    residual_ul: Object.fromEntries(wells.map((well) => [well, roundTo(random.between(0.5, 2.5), 0.1)])),
  }),
});

export const liquidHandler: SimulatedInstrument = {
  type: 'liquid_handler',
  description: 'Moves liquids between wells.',
  operations: [pipetteTransfer, dispenseReagent, aspirate, mix, wash],
  failures: {
    clogged_tip: 'the pressure in the tip did not fall: it is clogged',
    no_tips: 'the tip rack is empty',
    insufficient_volume: 'the liquid level is too low for this volume',
    collision: 'the arm met an obstacle',
    lid_open: 'the lid of the deck was opened',
  },
};
