import type { CoreDeps } from '../deps.ts';
import { takeOverSteps } from '../repair/take-over-steps.ts';
import { untilNoneLeft } from '../repair/until-none-left.ts';
import { askPeople } from './ask-people.ts';
import { takeRecalls, withdrawTask } from './recall.ts';

/**
 * One round: asks about every step of people that is due, and withdraws the tasks that nobody waits for. Apart from the repair of
 * what devices do: neither waits while the other's service is away. Throws where the hub cannot be asked.
 */
export async function repairTasks(deps: CoreDeps, signal?: AbortSignal): Promise<void> {
  await untilNoneLeft(
    deps,
    signal,
    () => takeOverSteps(deps, 'people'),
    (step) => askPeople(deps, step),
  );
  await untilNoneLeft(deps, signal, takeRecalls, (recall) => withdrawTask(deps, recall));
}
