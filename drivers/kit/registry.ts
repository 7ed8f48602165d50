import type { DriverModel } from './driver.ts';
import { validateParameters } from './validation.ts';

export interface DriverRegistry {
  /** The model of this device type; undefined where there is none. */
  get(type: string): DriverModel | undefined;
  readonly types: readonly string[];
}

/** Finds models by device type. Throws where two models claim one type. */
export function driverRegistry(models: Iterable<DriverModel>): DriverRegistry {
  const byType = new Map<string, DriverModel>();
  for (const model of models) {
    if (byType.has(model.type)) throw new Error(`two driver models claim the device type ${model.type}`);
    byType.set(model.type, model);
  }
  return { get: (type) => byType.get(type), types: [...byType.keys()] };
}

/**
 * Seconds that the operation will typically take on a device with these settings; undefined where the model
 * has no such operation or would refuse the parameters or settings.
 */
export function estimateSeconds(
  model: DriverModel,
  operation: string,
  parameters: unknown,
  settings: unknown = {},
): number | undefined {
  const spec = model.operations.get(operation);
  if (!spec || model.checkSettings(settings).length > 0) return undefined;
  const checked = validateParameters(spec, parameters);
  if ('faults' in checked) return undefined;
  return spec.typical_seconds(checked.parameters) / (model.pace?.(settings) ?? 1);
}
