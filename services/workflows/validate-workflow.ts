import type { Device } from '@labwright/contract-devices';
import { type CreateWorkflowRequest, workflowErrors } from '@labwright/contract-workflows';
import { type Fault, isProblem } from '@labwright/kernel/errors';
import { concurrently } from './concurrently.ts';
import type { CoreDeps } from './deps.ts';
import { findSamplesByBarcode } from './samples/index.ts';

/** Questions to device-service about parameters at once. */
const checksAtOnce = 8;

export interface ValidWorkflow {
  steps: { operation: string; parameters: Record<string, unknown> }[];
  /** In the order of the barcodes. */
  sampleIds: string[];
}

/**
 * The steps and samples of a workflow that can be carried out. Throws `invalid_workflow` with every fault there is, or
 * what device-service answers where it cannot be asked.
 */
export async function validateWorkflow(
  deps: CoreDeps,
  request: CreateWorkflowRequest,
): Promise<ValidWorkflow> {
  const steps = request.steps.map((step) =>
    typeof step === 'string'
      ? { operation: step, parameters: {} }
      : { operation: step.operation, parameters: step.parameters ?? {} },
  );
  const [device, samples] = await Promise.all([
    findDevice(deps, request.device_id),
    checkSamples(deps, request.sample_barcodes ?? []),
  ]);
  const faults: Fault[] = device
    ? [...samples.faults, ...(await checkSteps(deps, device, request.steps, steps))]
    : [
        {
          path: 'body.device_id',
          message: `there is no device ${request.device_id}: GET /devices of device-service lists them`,
        },
        ...samples.faults,
      ];
  if (faults.length > 0) throw invalidWorkflow(faults);
  return { steps, sampleIds: samples.ids };
}

async function findDevice(deps: CoreDeps, id: string): Promise<Device | undefined> {
  try {
    return await deps.devices.getDevice(id);
  } catch (error) {
    if (isProblem(error, 'device_not_found')) return undefined;
    throw error;
  }
}

async function checkSamples(deps: CoreDeps, barcodes: string[]): Promise<{ ids: string[]; faults: Fault[] }> {
  if (barcodes.length === 0) return { ids: [], faults: [] };
  const found = await findSamplesByBarcode(deps.db, barcodes);
  const ids = new Map(found.map((sample) => [sample.barcode, sample.id]));
  return {
    ids: barcodes.flatMap((barcode) => ids.get(barcode) ?? []),
    faults: barcodes.flatMap((barcode, index) =>
      ids.has(barcode)
        ? []
        : [
            {
              path: `body.sample_barcodes[${index}]`,
              message: `there is no sample with the barcode ${barcode}: POST /samples or import it first`,
            },
          ],
    ),
  };
}

/** Equal steps are asked about once; each gets the faults. */
async function checkSteps(
  deps: CoreDeps,
  device: Device,
  given: CreateWorkflowRequest['steps'],
  steps: ValidWorkflow['steps'],
): Promise<Fault[]> {
  const able = new Set(device.capabilities);
  const questions = new Map<string, ValidWorkflow['steps'][number]>();
  for (const step of steps) if (able.has(step.operation)) questions.set(keyOf(step), step);
  const answers = await concurrently([...questions], checksAtOnce, async ([key, step]) => {
    const faults = await deps.devices.checkOperation({ device_id: device.id, ...step });
    return [key, faults] as const;
  });
  const faultsOf = new Map(answers);
  return steps.flatMap((step, index) => {
    const place = `body.steps[${index}]`;
    const faults = able.has(step.operation) ? (faultsOf.get(keyOf(step)) ?? []) : [cannot(device, step)];
    // A step that is only a name has no members to point at.
    const pathTo = (path: string) =>
      typeof given[index] === 'string' && path === 'operation' ? place : `${place}.${path}`;
    return faults.map(({ path, message }) => ({ path: pathTo(path), message }));
  });
}

const cannot = (device: Device, { operation }: { operation: string }): Fault => ({
  path: 'operation',
  message: `${device.id} cannot do ${operation}; it can do: ${device.capabilities.join(', ') || 'nothing'}`,
});

const keyOf = (step: ValidWorkflow['steps'][number]) => JSON.stringify([step.operation, step.parameters]);

function invalidWorkflow(faults: Fault[]) {
  const shown = faults.slice(0, 3).map((fault) => `${fault.path}: ${fault.message}`);
  const more = faults.length > shown.length ? `; and ${faults.length - shown.length} more, see faults` : '';
  return workflowErrors.problem('invalid_workflow', `${shown.join('; ')}${more}`, { faults });
}
