/** Simulated instruments, behind the same interface as real ones. */
import { type SimulatorModel, simulatorModel } from './model.ts';
import { centrifuge } from './models/centrifuge.ts';
import { incubator } from './models/incubator.ts';
import { liquidHandler } from './models/liquid-handler.ts';
import { plateSealer, plateWasher } from './models/plate-handling.ts';
import { plateReader } from './models/plate-reader.ts';
import { thermocycler } from './models/thermocycler.ts';

export type { Faults } from './faults.ts';
export {
  type SimulatedInstrument,
  type SimulatedOperation,
  type SimulationContext,
  simulated,
} from './instrument.ts';
export { type SimulatedDriver, type SimulatorModel, type SimulatorOptions, simulatorModel } from './model.ts';
export { type InjectedFault, type SimulatorSettings, simulatorSettings } from './settings.ts';

/** Every simulated instrument, for `driverRegistry`. */
export const simulators: readonly SimulatorModel[] = [
  liquidHandler,
  incubator,
  plateReader,
  centrifuge,
  thermocycler,
  plateSealer,
  plateWasher,
].map(simulatorModel);
