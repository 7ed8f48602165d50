import type { CreateWorkflowRequest } from '@labwright/contract-workflows';
import { Problem } from '@labwright/kernel/errors';

/** Runs `work`; a refusal that names steps by their number says what each of them does, too: `step 2 (incubate)`. */
export async function nameSteps<T>({ steps }: CreateWorkflowRequest, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof Problem) || !error.faults) throw error;
    const faults = error.faults.map(({ path, message }) => ({ path: named(path, steps), message }));
    const { code, status, title, message, extra } = error;
    throw new Problem(code, { status, title }, message, { faults, extra });
  }
}

const named = (path: string, steps: CreateWorkflowRequest['steps']): string =>
  path.replace(/^body\.steps\[(\d+)\]/, (_, index: string) => {
    const step = steps[Number(index)];
    const operation =
      typeof step === 'string' ? step : step && 'operation' in step ? String(step.operation) : undefined;
    return `step ${Number(index) + 1}${operation ? ` (${operation})` : ''}`;
  });
