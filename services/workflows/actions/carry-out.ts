import { reachErrors } from '@labwright/contract-devices';
import type { CoreDeps } from '../deps.ts';
import type { WorkflowOutcome } from '../figures.ts';
import { type ActionName, findWorkflow } from '../workflow-row.ts';
import { type Grant, obtain, obtainAgain, withdraw } from './act.ts';
import { type ActionRequest, claimAction, type Held } from './claim.ts';
import { obtained, type Record, released, undone } from './record.ts';
import { endClaim, endClaimOfLostRequest, repeatAfter, turnIntoUndo } from './settle.ts';
import { verdictOf } from './verdict.ts';

/*
 * claim → act → record, as the README has it. Request handlers, the conductor and the repair loop all come
 * through here; what differs between the actions stands in one table.
 */

interface Definition {
  /** One call of device-service, which may be repeated. */
  act(deps: CoreDeps, held: Held): Promise<Grant>;
  record: Record;
  /** Where nobody knows whether the call had an effect: take it back, do it again, or do without. */
  unanswered: 'undo' | 'repeat' | 'drop';
  /** What is counted when the device was given, or given back. */
  counts: WorkflowOutcome | null;
}

const definitions: Readonly<{ [A in ActionName]: Definition }> = {
  start: { act: obtain, record: obtained, unanswered: 'undo', counts: 'started' },
  resume: { act: obtain, record: obtained, unanswered: 'undo', counts: 'resumed' },
  // The workflow is in the queue and wants to be: what arrives late does no harm.
  requeue: { act: obtainAgain, record: obtained, unanswered: 'drop', counts: 'started' },
  complete: {
    act: withdraw('The workflow is completed'),
    record: released('completed'),
    unanswered: 'repeat',
    counts: 'completed',
  },
  cancel: {
    act: withdraw('The workflow was cancelled'),
    record: released('cancelled'),
    unanswered: 'repeat',
    counts: 'cancelled',
  },
  pause: {
    act: withdraw('The workflow was paused'),
    record: released('paused'),
    unanswered: 'repeat',
    counts: 'paused',
  },
  undo: {
    act: withdraw('Nobody was told of this booking'),
    record: undone,
    unanswered: 'repeat',
    counts: null,
  },
};

/**
 * Does an action of a workflow from claim to record. Does nothing where this very request was recorded before.
 * Throws what `claimAction` throws, the refusal of device-service, or one of `reachErrors`.
 */
export async function performAction(deps: CoreDeps, request: ActionRequest): Promise<void> {
  const claim = await claimAction(deps, request);
  if ('held' in claim) await carryOut(deps, claim.held, 'first');
}

/**
 * Acts and records. At the `first` attempt nothing was sent before; when done `again` (by the repair loop), something
 * may have been, so the claim is kept until the device's answer is certain. Throws what the device answered.
 */
export async function carryOut(deps: CoreDeps, held: Held, attempt: 'first' | 'again'): Promise<void> {
  const definition = definitions[held.action];
  let grant: Grant;
  try {
    grant = await definition.act(deps, held);
  } catch (error) {
    await settle(deps, held, attempt, error);
    throw error;
  }
  const recorded = await definition.record(deps, held, grant);
  if (!recorded) return acceptTakeover(deps, held);
  if (grant.entry && !grant.booking) {
    if (held.action !== 'requeue') deps.figures.workflow('queued');
  } else if (definition.counts) deps.figures.workflow(definition.counts);
  if (grant.booking) deps.wake.conductor();
}

async function settle(deps: CoreDeps, held: Held, attempt: 'first' | 'again', error: unknown): Promise<void> {
  const { unanswered } = definitions[held.action];
  const verdict = verdictOf(error);
  if (verdict === 'unanswered') {
    if (unanswered === 'undo') return turnIntoUndo(deps, held);
    if (unanswered === 'drop') return endClaimOfLostRequest(deps, held);
    return repeatAfter(deps, held, attempt === 'first' ? 0 : deps.settings.repairMs);
  }
  // What must be undone stays to be undone, whatever the device says against it now.
  const keep = attempt === 'again' && (verdict === 'unreachable' || held.action === 'undo');
  return keep ? repeatAfter(deps, held, deps.settings.repairMs) : endClaim(deps, held);
}

/** Our answer came after the lease: the repair loop has the action, or has done it already. */
async function acceptTakeover(deps: CoreDeps, held: Held): Promise<void> {
  const now = await findWorkflow(deps.db, held.id);
  if (now.last_action_id === held.action_id) return;
  throw reachErrors.problem(
    'device_service_no_answer',
    `device-service answered too late; what became of workflow ${held.id} is being settled. Look at it again after Retry-After.`,
    { retryAfter: 5 },
  );
}
