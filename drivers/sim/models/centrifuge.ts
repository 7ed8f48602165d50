import { quantity } from '@labwright/driver-kit';
import { Type } from 'typebox';
import { type SimulatedInstrument, simulated } from '../instrument.ts';
import { roundTo } from '../random.ts';

/** Radius of the rotor at the bottom of the tube. */
const radius_cm = 10;
/** Seconds to full speed from rest for 1000 g, and back. */
const ramps_s = { soft: 60, normal: 30, fast: 15 } as const;
const rampSeconds = (ramp: keyof typeof ramps_s, rcf_g: number) => ramps_s[ramp] * Math.sqrt(rcf_g / 1_000);

/** Relative centrifugal force is 1.118 × 10⁻⁵ × radius in cm × rpm². */
const rpmOf = (rcf_g: number) => Math.sqrt(rcf_g / (1.118e-5 * radius_cm));

const spin = simulated({
  name: 'spin',
  description: 'Spins the plates or tubes in the rotor.',
  parameters: Type.Object(
    {
      rcf_g: quantity({
        unit: 'g',
        minimum: 10,
        maximum: 6_000,
        default: 1_000,
        precision: 10,
        description: 'Relative centrifugal force',
      }),
      duration_s: quantity({
        unit: 's',
        minimum: 1,
        maximum: 86_400,
        default: 300,
        precision: 1,
        description: 'Time at full speed',
      }),
      temperature_c: quantity({
        unit: '°C',
        minimum: 4,
        maximum: 40,
        default: 20,
        precision: 1,
        description: 'Temperature of the rotor chamber',
      }),
      ramp: Type.Enum(['soft', 'normal', 'fast'], {
        default: 'normal',
        description: 'How fast it speeds up and down',
      }),
    },
    { additionalProperties: false },
  ),
  safe_to_repeat: false,
  typical_seconds: ({ rcf_g, duration_s, ramp }) => 8 + duration_s + 2 * rampSeconds(ramp, rcf_g),
  simulate: ({ rcf_g, duration_s, temperature_c, ramp }, { random }) => {
    const mean_rcf_g = random.normal(rcf_g, rcf_g * 0.003);
    return {
      duration_s,
      mean_rcf_g: roundTo(mean_rcf_g, 1),
      mean_rpm: roundTo(rpmOf(mean_rcf_g), 1),
      ramp_s: roundTo(rampSeconds(ramp, rcf_g), 0.1),
      mean_temperature_c: roundTo(random.normal(temperature_c, 0.3), 0.1),
      imbalance_g: roundTo(random.between(0, 1.5), 0.1),
    };
  },
});

export const centrifuge: SimulatedInstrument = {
  type: 'centrifuge',
  description: 'Spins plates and tubes.',
  operations: [spin],
  failures: {
    imbalance: 'the load is out of balance',
    lid_open: 'the lid is not locked',
    overheated: 'the rotor chamber is too warm',
  },
};
