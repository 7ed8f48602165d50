import type { DevicesOptions } from '@labwright/devices';
import { simulators } from '@labwright/driver-sim';
import { systemClock } from '@labwright/kernel/clock';

/** Every driver that ships with Labwright. Simulated instruments keep what they are doing in the folder. */
export function driversOf(journalFolder: string): Pick<DevicesOptions, 'models' | 'openDriver'> {
  return {
    models: new Map(simulators.map((model) => [model.type, model])),
    openDriver: (model, { id, settings }) =>
      model.open({ device_id: id, settings, journalFolder, clock: systemClock }),
  };
}
