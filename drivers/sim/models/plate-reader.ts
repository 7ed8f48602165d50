import { count, quantity } from '@labwright/driver-kit';
import type { Fault } from '@labwright/kernel/errors';
import { Type } from 'typebox';
import { type SimulatedInstrument, type SimulationContext, simulated } from '../instrument.ts';
import { type PlateFormat, plateFormat, wellFaults, wellNames, wellsOf } from '../labware.ts';
import { roundTo, seededRandom } from '../random.ts';

const closed = { additionalProperties: false };
const carriage_s = 12;

const plate = () =>
  Type.String({ default: 'plate', minLength: 1, maxLength: 100, description: 'Barcode of the plate' });
const wells = () => wellNames('Wells to read; empty means all', []);
const flashes = () =>
  count({ minimum: 1, maximum: 200, default: 10, description: 'Flashes that are averaged' });
const nanometres = (name: string, wavelength_nm: number) =>
  quantity({
    unit: 'nm',
    minimum: 200,
    maximum: 1000,
    default: wavelength_nm,
    precision: 1,
    description: name,
  });

interface Reading {
  plate: string;
  plate_format: PlateFormat;
  wells: string[];
  flashes: number;
}

const chosen = ({ wells: names, plate_format }: Reading) =>
  names.length > 0 ? names : wellsOf(plate_format);
const readingSeconds = (reading: Reading) =>
  carriage_s + chosen(reading).length * (0.1 + reading.flashes * 0.01);
const readingFaults = ({ wells: names, plate_format }: Reading) => wellFaults(plate_format, names);

/** Excitation light in the emission channel would drown the signal. */
const channelFaults = (excitation_nm: number, emission_nm: number): Fault[] =>
  emission_nm < excitation_nm + 15
    ? [{ path: 'emission_nm', message: `must be at least 15 nm above the excitation of ${excitation_nm} nm` }]
    : [];

/** 0 to 1: how much is in the well. The same for every reading of one plate on one device. */
const content = ({ seed, device_id }: SimulationContext, barcode: string, well: string) =>
  seededRandom(seed, device_id, barcode, well).next();

const band = (at: number, centre: number, width: number) => Math.exp(-(((at - centre) / width) ** 2));

function report(unit: string, values: Record<string, number>, step: number): Record<string, unknown> {
  const all = Object.values(values);
  return {
    unit,
    values,
    wells_read: all.length,
    mean: roundTo(all.reduce((sum, value) => sum + value, 0) / all.length, step),
    min: Math.min(...all),
    max: Math.max(...all),
  };
}

/** Noise of single flashes is averaged out with their number. */
function absorbance(
  reading: Reading,
  wavelength_nm: number,
  context: SimulationContext,
): Record<string, unknown> {
  const noise = 0.006 / Math.sqrt(reading.flashes);
  const value = (well: string) => {
    const signal = 0.045 + 2 * content(context, reading.plate, well) * band(wavelength_nm, 450, 220);
    return roundTo(Math.min(4, Math.max(0, context.random.normal(signal, noise))), 0.001);
  };
  const values = Object.fromEntries(chosen(reading).map((well) => [well, value(well)]));
  return { mode: 'absorbance', wavelength_nm, ...report('OD', values, 0.001) };
}

function fluorescence(
  reading: Reading,
  channel: { excitation_nm: number; emission_nm: number; gain_percent: number },
  context: SimulationContext,
): Record<string, unknown> {
  const { excitation_nm, emission_nm, gain_percent } = channel;
  const saturation = 65_000;
  const yielded = band(excitation_nm, 485, 60) * band(emission_nm, 520, 60) * gain_percent * 600;
  const value = (well: string) => {
    const signal = 120 + content(context, reading.plate, well) * yielded;
    const noise = Math.sqrt(signal) * (3 / Math.sqrt(reading.flashes));
    return Math.round(Math.min(saturation, Math.max(0, context.random.normal(signal, noise))));
  };
  const values = Object.fromEntries(chosen(reading).map((well) => [well, value(well)]));
  const saturated = Object.keys(values).filter((well) => values[well] === saturation);
  return { mode: 'fluorescence', ...channel, saturated, ...report('RFU', values, 1) };
}

const gain = () =>
  quantity({ unit: '%', minimum: 1, maximum: 200, default: 100, precision: 1, description: 'Detector gain' });

const readAbsorbance = simulated({
  name: 'read_absorbance',
  description: 'Measures how much light of one wavelength each well absorbs.',
  parameters: Type.Object(
    {
      plate: plate(),
      plate_format: plateFormat(),
      wells: wells(),
      wavelength_nm: nanometres('Wavelength', 450),
      flashes: flashes(),
    },
    closed,
  ),
  safe_to_repeat: true,
  typical_seconds: readingSeconds,
  check: readingFaults,
  simulate: (parameters, context) => absorbance(parameters, parameters.wavelength_nm, context),
});

const readFluorescence = simulated({
  name: 'read_fluorescence',
  description: 'Excites each well with one wavelength and measures the light of another.',
  parameters: Type.Object(
    {
      plate: plate(),
      plate_format: plateFormat(),
      wells: wells(),
      excitation_nm: nanometres('Excitation', 485),
      emission_nm: nanometres('Emission', 520),
      gain_percent: gain(),
      flashes: flashes(),
    },
    closed,
  ),
  safe_to_repeat: true,
  typical_seconds: readingSeconds,
  check: (parameters) => [
    ...readingFaults(parameters),
    ...channelFaults(parameters.excitation_nm, parameters.emission_nm),
  ],
  simulate: ({ excitation_nm, emission_nm, gain_percent, ...reading }, context) =>
    fluorescence(reading, { excitation_nm, emission_nm, gain_percent }, context),
});

const plateRead = simulated({
  name: 'plate_read',
  description: 'Reads a plate in the mode that is named.',
  parameters: Type.Object(
    {
      mode: Type.Enum(['absorbance', 'fluorescence'], {
        default: 'absorbance',
        description: 'What is measured',
      }),
      plate: plate(),
      plate_format: plateFormat(),
      wells: wells(),
      wavelength_nm: nanometres('Wavelength, for absorbance', 450),
      excitation_nm: nanometres('Excitation, for fluorescence', 485),
      emission_nm: nanometres('Emission, for fluorescence', 520),
      gain_percent: gain(),
      flashes: flashes(),
    },
    closed,
  ),
  safe_to_repeat: true,
  typical_seconds: readingSeconds,
  check: (parameters) => [
    ...readingFaults(parameters),
    ...(parameters.mode === 'fluorescence'
      ? channelFaults(parameters.excitation_nm, parameters.emission_nm)
      : []),
  ],
  simulate: ({ mode, wavelength_nm, excitation_nm, emission_nm, gain_percent, ...reading }, context) =>
    mode === 'absorbance'
      ? absorbance(reading, wavelength_nm, context)
      : fluorescence(reading, { excitation_nm, emission_nm, gain_percent }, context),
});

export const plateReader: SimulatedInstrument = {
  type: 'plate_reader',
  description: 'Measures light in the wells of a plate.',
  operations: [readAbsorbance, readFluorescence, plateRead],
  failures: {
    lid_open: 'the lid was opened',
    lamp_failure: 'the lamp did not light',
    plate_missing: 'there is no plate on the carriage',
    carriage_jammed: 'the plate carriage does not move',
  },
};
