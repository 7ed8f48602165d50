import { count, quantity } from '@labwright/driver-kit';
import { type Static, Type } from 'typebox';
import { type SimulatedInstrument, simulated } from '../instrument.ts';
import { roundTo } from '../random.ts';

const block_c = (name: string, temperature_c: number) =>
  quantity({
    unit: '°C',
    minimum: 4,
    maximum: 99,
    default: temperature_c,
    precision: 0.1,
    description: name,
  });
const held_s = (name: string, seconds: number) =>
  quantity({ unit: 's', minimum: 0, maximum: 3_600, default: seconds, precision: 1, description: name });

const Protocol = Type.Object(
  {
    cycles: count({ minimum: 1, maximum: 99, default: 30, description: 'Denature, anneal, extend' }),
    initial_denaturation_s: held_s('Once, before the first cycle', 120),
    denature_c: block_c('Strands part', 95),
    denature_s: held_s('Time at it', 15),
    anneal_c: block_c('Primers bind', 60),
    anneal_s: held_s('Time at it', 30),
    extend_c: block_c('Strands are copied', 72),
    extend_s: held_s('Time at it', 45),
    final_extension_s: held_s('Once, after the last cycle', 300),
    hold_c: block_c('At the end, until the plate is fetched', 4),
  },
  { additionalProperties: false },
);
type Protocol = Static<typeof Protocol>;

const room_c = 22;
const rampRate_c_s = 3;
const ramp_s = (...stops: number[]) =>
  stops.reduce((sum, stop, at) => sum + Math.abs(stop - (stops[at - 1] ?? stop)), 0) / rampRate_c_s;

function seconds(protocol: Protocol): number {
  const { cycles, denature_c, anneal_c, extend_c } = protocol;
  const held = protocol.denature_s + protocol.anneal_s + protocol.extend_s;
  return (
    ramp_s(room_c, denature_c) +
    protocol.initial_denaturation_s +
    cycles * (held + ramp_s(denature_c, anneal_c, extend_c)) +
    (cycles - 1) * ramp_s(extend_c, denature_c) +
    protocol.final_extension_s +
    ramp_s(extend_c, protocol.hold_c)
  );
}

const runPcr = simulated({
  name: 'run_pcr',
  description: 'Copies DNA: heats and cools the plate through cycles of three temperatures.',
  parameters: Protocol,
  safe_to_repeat: false,
  typical_seconds: seconds,
  check: ({ denature_c, anneal_c, extend_c }) => [
    ...(anneal_c < denature_c
      ? []
      : [{ path: 'anneal_c', message: `must be below denature_c (${denature_c} °C)` }]),
    ...(extend_c < denature_c
      ? []
      : [{ path: 'extend_c', message: `must be below denature_c (${denature_c} °C)` }]),
  ],
  simulate: (protocol, { random }) => {
    const measured = (wanted_c: number) => roundTo(random.normal(wanted_c, 0.08), 0.01);
    return {
      cycles_done: protocol.cycles,
      mean_denature_c: measured(protocol.denature_c),
      mean_anneal_c: measured(protocol.anneal_c),
      mean_extend_c: measured(protocol.extend_c),
      block_c: measured(protocol.hold_c),
      lid_c: roundTo(random.normal(105, 0.3), 0.1),
      programme_s: roundTo(seconds(protocol), 1),
    };
  },
});

export const thermocycler: SimulatedInstrument = {
  type: 'thermocycler',
  description: 'Drives plates through cycles of temperatures.',
  operations: [runPcr],
  failures: {
    lid_open: 'the heated lid was opened',
    block_overheated: 'the block is too hot',
    ramp_timeout: 'the block did not reach a temperature in time',
  },
};
