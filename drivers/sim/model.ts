import {
  type Driver,
  type DriverModel,
  guardedDriver,
  journalMemory,
  type OpenOptions,
  operationMap,
  processMemory,
} from '@labwright/driver-kit';
import { systemClock } from '@labwright/kernel/clock';
import { type Faults, faultBox, invalidSettings } from './faults.ts';
import { simulatedHardware } from './hardware.ts';
import type { SimulatedInstrument } from './instrument.ts';
import { checkSettings, simulatorSettings } from './settings.ts';

export interface SimulatedDriver extends Driver {
  readonly faults: Faults;
}

export interface SimulatorOptions extends OpenOptions {
  /** Called when the simulated hardware begins to move. */
  onMovement?: ((execution_id: string) => void) | undefined;
}

export interface SimulatorModel extends DriverModel {
  /** Failure codes that this instrument knows, with what it says; a `fail` fault may also use others. */
  readonly failures: Readonly<Record<string, string>>;
  open(options: SimulatorOptions): Promise<SimulatedDriver>;
}

/** The driver model of a simulated instrument. */
export function simulatorModel(instrument: SimulatedInstrument): SimulatorModel {
  const operations = operationMap(instrument.operations.map(({ spec }) => spec));
  const names = new Set(operations.keys());

  return {
    type: instrument.type,
    description: instrument.description,
    operations,
    settings: simulatorSettings,
    failures: instrument.failures,

    checkSettings: (settings) => {
      const checked = checkSettings(settings, names);
      return 'faults' in checked ? checked.faults : [];
    },

    pace: (settings) => {
      const checked = checkSettings(settings, names);
      return 'faults' in checked ? 1 : checked.settings.speed;
    },

    open: async ({ device_id, settings: wanted, journalFolder: folder, clock = systemClock, onMovement }) => {
      const checked = checkSettings(wanted, names);
      if ('faults' in checked) throw invalidSettings(checked.faults);
      const { settings } = checked;
      const box = faultBox(settings.faults, names);
      const memory = folder ? await journalMemory({ folder, device_id }) : processMemory();
      const hardware = simulatedHardware({ device_id, instrument, settings, box, memory, clock, onMovement });
      const driver = guardedDriver({ device_id, operations, hardware, memory, clock });
      const clear = async () => {
        box.clear();
        await hardware.release();
      };
      return { ...driver, faults: { inject: box.inject, list: box.list, clear } };
    },
  };
}
