import type { Fault } from '../../api/problem.ts';
import { type Draft, type Operations, optionsOf } from './draft.ts';
import { faultOf } from './parameters.ts';

/** Every fault that can be seen before the service is asked; paths as the service has them. */
export function faultsOfDraft(draft: Draft, operations: Operations | undefined): Fault[] {
  const faults: Fault[] = [];
  const tell = (path: string, message: string | undefined) => {
    if (message !== undefined) faults.push({ path, message });
  };
  if (draft.name.trim() === '') tell('body.name', 'is required');
  if (draft.deviceId === '') tell('body.device_id', 'is required');
  if (draft.steps.length === 0) tell('body.steps', 'there must be one at least');
  draft.steps.forEach((step, index) => {
    const at = `body.steps[${index}]`;
    if (step.kind === 'task') {
      if (step.title.trim() === '') tell(`${at}.operator_task.title`, 'is required');
      step.fields.forEach((field, place) => {
        const fieldAt = `${at}.operator_task.fields[${place}]`;
        if (field.label.trim() === '') tell(`${fieldAt}.label`, 'is required');
        if (field.type === 'choice' && optionsOf(field.options).length === 0)
          tell(`${fieldAt}.options`, 'is required: what to choose from');
      });
      return;
    }
    if (!operations) return;
    const schema = operations.get(step.operation);
    if (!schema) {
      tell(`${at}.operation`, `${draft.deviceId} cannot do this`);
      return;
    }
    for (const [name, property] of Object.entries(schema.properties ?? {}))
      tell(
        `${at}.parameters.${name}`,
        faultOf(property, step.values[name] ?? '', schema.required?.includes(name) ?? false),
      );
  });
  return faults;
}

/** What the service found wrong in what was sent then. */
export interface Refusal {
  readonly draft: Draft;
  readonly faults: readonly Fault[];
}

/**
 * The faults of a refusal that still hold: those of what has not been changed since, at the places where it stands now. A fault of
 * a step moves with it.
 */
export function stillWrong({ draft: sent, faults }: Refusal, now: Draft): Fault[] {
  return faults.flatMap((fault) => {
    const step = /^body\.steps\[(\d+)\](.*)$/.exec(fault.path);
    if (step) {
      const was = sent.steps[Number(step[1])];
      const index = now.steps.findIndex(({ key }) => key === was?.key);
      const same = was !== undefined && JSON.stringify(was) === JSON.stringify(now.steps[index]);
      return same ? [{ ...fault, path: `body.steps[${index}]${step[2]}` }] : [];
    }
    const sample = /^body\.sample_barcodes\[(\d+)\]$/.exec(fault.path);
    if (sample) {
      const index = now.barcodes.indexOf(sent.barcodes[Number(sample[1])] ?? '');
      return index === -1 ? [] : [{ ...fault, path: `body.sample_barcodes[${index}]` }];
    }
    const kept =
      (fault.path === 'body.name' && sent.name !== now.name) ||
      (fault.path === 'body.device_id' && sent.deviceId !== now.deviceId);
    return kept ? [] : [fault];
  });
}

/** The message at a place, or at whatever lies below it. */
export const messageAt = (faults: readonly Fault[], path: string): string | undefined =>
  faults.find((fault) => fault.path === path || belongsTo(fault.path, path))?.message;

const belongsTo = (path: string, above: string) =>
  path.startsWith(`${above}.`) || path.startsWith(`${above}[`);
