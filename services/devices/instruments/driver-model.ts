import { deviceErrors } from '@labwright/contract-devices';
import type { DriverModel } from '@labwright/driver-kit';
import { commonErrors } from '@labwright/kernel/errors';
import type { DevicesDeps } from '../deps.ts';

/** The driver model of a type. Throws `unknown_device_type`. */
export function modelOf(deps: Pick<DevicesDeps, 'models'>, type: string): DriverModel {
  const model = deps.models.get(type);
  if (model) return model;
  const known = [...deps.models.keys()].sort();
  throw deviceErrors.problem(
    'unknown_device_type',
    `There is no driver for the type ${JSON.stringify(type)}. Known types: ${known.join(', ')}.`,
    {
      extra: { known_types: known },
      faults: [{ path: 'body.type', message: `must be one of ${known.join(', ')}` }],
    },
  );
}

/** Throws `validation_failed` where the driver would refuse these settings. */
export function assertSettings(model: DriverModel, settings: Record<string, unknown>): void {
  const faults = model
    .checkSettings(settings)
    .map(({ path, message }) => ({ path: `body.${path}`, message }));
  if (faults.length === 0) return;
  const detail = faults.map((fault) => `${fault.path} ${fault.message}`).join('; ');
  throw commonErrors.problem('validation_failed', detail, { faults });
}
