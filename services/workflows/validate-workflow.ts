import type { Device } from '@labwright/contract-devices';
import { faultsOfFields, type OperatorTask } from '@labwright/contract-hub/tasks';
import { type CreateWorkflowRequest, workflowErrors } from '@labwright/contract-workflows';
import { type Fault, isProblem } from '@labwright/kernel/errors';
import { concurrently } from './concurrently.ts';
import type { CoreDeps } from './deps.ts';
import { findSamplesByBarcode } from './samples/index.ts';

/** Questions to device-service about parameters at once. */
const checksAtOnce = 8;

interface ValidStep {
  operation: string;
  parameters: Record<string, unknown>;
  /** What a person is asked, where the device does not carry it out. */
  operator_task?: OperatorTask;
}

/** A step as it is stored. */
export function stepOf(step: CreateWorkflowRequest['steps'][number]): ValidStep {
  if (typeof step === 'string') return { operation: step, parameters: {} };
  if ('operator_task' in step)
    return { operation: 'operator_task', parameters: {}, operator_task: step.operator_task };
  return { operation: step.operation, parameters: step.parameters ?? {} };
}

export interface ValidWorkflow {
  steps: ValidStep[];
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
  const steps = request.steps.map(stepOf);
  const [device, samples] = await Promise.all([
    findDevice(deps, request.device_id),
    checkSamples(deps, request.sample_barcodes ?? []),
  ]);
  const forms = checkTasks(deps, steps);
  const faults: Fault[] = device
    ? [...samples.faults, ...forms, ...(await checkSteps(deps, device, request.steps, steps))]
    : [
        {
          path: 'body.device_id',
          message: `there is no device ${request.device_id}: GET /devices of device-service lists them`,
        },
        ...samples.faults,
        ...forms,
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

/** What is asked of people, as far as it can be told before the step's turn comes. */
function checkTasks(deps: CoreDeps, steps: readonly ValidStep[]): Fault[] {
  return steps.flatMap(({ operator_task }, index) => {
    const place = `body.steps[${index}].operator_task`;
    if (!operator_task) return [];
    if (!deps.tasks)
      return [
        {
          path: place,
          message: 'needs hub-service, and workflow-service was not told where it is: set HUB_SERVICE_URL',
        },
      ];
    return faultsOfFields(operator_task.fields ?? [], `${place}.fields`);
  });
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
  for (const step of steps)
    if (!step.operator_task && able.has(step.operation)) questions.set(keyOf(step), step);
  const answers = await concurrently([...questions], checksAtOnce, async ([key, step]) => {
    const faults = await deps.devices.checkOperation({ device_id: device.id, ...step });
    return [key, faults] as const;
  });
  const faultsOf = new Map(answers);
  return steps.flatMap((step, index) => {
    if (step.operator_task) return [];
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
