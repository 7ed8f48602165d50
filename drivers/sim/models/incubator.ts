import { quantity } from '@labwright/driver-kit';
import { Type } from 'typebox';
import { type SimulatedInstrument, type SimulationContext, simulated } from '../instrument.ts';
import { roundTo } from '../random.ts';

const closed = { additionalProperties: false };
const room_c = 22;
/** The chamber nears its set point exponentially, with this time constant. */
const timeConstant_s = 180;
const tolerance_c = 0.5;
const door_s = 15;

const temperature = () =>
  quantity({
    unit: '°C',
    minimum: 4,
    maximum: 70,
    default: 37,
    precision: 0.1,
    description: 'Set point of the chamber',
  });
const shaking = (shaking_rpm: number) =>
  quantity({
    unit: 'rpm',
    minimum: 0,
    maximum: 1000,
    default: shaking_rpm,
    precision: 10,
    description: 'Orbital shaking',
  });
const duration = (duration_s: number) =>
  quantity({
    unit: 's',
    minimum: 1,
    maximum: 7 * 86_400,
    default: duration_s,
    precision: 1,
    description: 'Time with the door closed',
  });

const secondsToReach = (from: number, to: number) =>
  Math.max(0, timeConstant_s * Math.log(Math.abs(to - from) / tolerance_c || Number.MIN_VALUE));

/** How the temperature went, from what the chamber had before to the set point. */
function curve(context: SimulationContext, target_c: number, duration_s: number): Record<string, unknown> {
  const { random } = context;
  const start_c = context.last('chamber_c') ?? room_c + random.between(-1, 1);
  const measured = (at_s: number) =>
    roundTo(target_c + (start_c - target_c) * Math.exp(-at_s / timeConstant_s) + random.normal(0, 0.05), 0.1);
  const points = Array.from({ length: 9 }, (_, step) => {
    const at_s = (duration_s * step) / 8;
    return { at_s: roundTo(at_s, 0.1), temperature_c: step === 0 ? roundTo(start_c, 0.1) : measured(at_s) };
  });
  const decay = (timeConstant_s / duration_s) * (1 - Math.exp(-duration_s / timeConstant_s));
  const temperatures = points.map(({ temperature_c }) => temperature_c);
  const reached_after_s = roundTo(secondsToReach(start_c, target_c), 0.1);
  return {
    setpoint_c: target_c,
    start_c: roundTo(start_c, 0.1),
    mean_c: roundTo(target_c + (start_c - target_c) * decay, 0.1),
    min_c: Math.min(...temperatures),
    max_c: Math.max(...temperatures),
    reached_after_s: reached_after_s <= duration_s ? reached_after_s : null,
    chamber_c: points.at(-1)?.temperature_c ?? target_c,
    curve: points,
  };
}

const incubate = simulated({
  name: 'incubate',
  description: 'Keeps the plate warm for a time.',
  parameters: Type.Object(
    {
      temperature_c: temperature(),
      duration_s: duration(1_800),
      shaking_rpm: shaking(0),
      co2_percent: quantity({
        unit: '%',
        minimum: 0,
        maximum: 20,
        default: 5,
        precision: 0.1,
        description: 'Carbon dioxide in the chamber',
      }),
    },
    closed,
  ),
  safe_to_repeat: false,
  typical_seconds: ({ duration_s }) => duration_s + door_s,
  simulate: ({ temperature_c, duration_s, shaking_rpm, co2_percent }, context) => ({
    duration_s,
    ...curve(context, temperature_c, duration_s),
    mean_co2_percent: roundTo(Math.max(0, context.random.normal(co2_percent, 0.05)), 0.1),
    shaking_rpm,
  }),
});

const setTemperature = simulated({
  name: 'set_temperature',
  description: 'Brings the chamber to a temperature.',
  parameters: Type.Object({ temperature_c: temperature() }, closed),
  safe_to_repeat: true,
  typical_seconds: ({ temperature_c }) => 5 + secondsToReach(room_c, temperature_c),
  simulate: ({ temperature_c }, context) =>
    curve(context, temperature_c, 5 + secondsToReach(context.last('chamber_c') ?? room_c, temperature_c)),
});

const shake = simulated({
  name: 'shake',
  description: 'Shakes the plate at the temperature that the chamber has.',
  parameters: Type.Object({ shaking_rpm: shaking(300), duration_s: duration(60) }, closed),
  safe_to_repeat: false,
  typical_seconds: ({ duration_s }) => duration_s + door_s,
  simulate: ({ shaking_rpm, duration_s }, { random, last }) => ({
    duration_s,
    mean_rpm: roundTo(Math.max(0, random.normal(shaking_rpm, 2)), 1),
    chamber_c: last('chamber_c') ?? room_c,
  }),
});

export const incubator: SimulatedInstrument = {
  type: 'incubator',
  description: 'Keeps plates at a temperature, shaken, under carbon dioxide.',
  operations: [incubate, setTemperature, shake],
  failures: {
    door_open: 'the door was opened',
    temperature_not_reached: 'the chamber did not reach its set point',
    gas_supply_empty: 'the carbon dioxide supply is empty',
    shaker_jammed: 'the shaker does not turn',
  },
};
