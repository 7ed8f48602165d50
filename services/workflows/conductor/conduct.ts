import { randomUUID } from 'node:crypto';
import { isProblem } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { performAction } from '../actions/carry-out.ts';
import { verdictOf } from '../actions/verdict.ts';
import { concurrently } from '../concurrently.ts';
import type { CoreDeps } from '../deps.ts';
import { carryOutStep } from '../steps/carry-out-step.ts';
import { claimStep } from '../steps/claim-step.ts';
import type { Rests } from './rests.ts';

/** Workflows that are seen to at once. */
const atOnce = 8;

const Candidate = Type.Object({ id: Type.String(), steps_left: Type.Boolean() });

// Index workflows_auto: as many rows as devices that carry out such workflows.
const candidates = rows(
  'workflows.conductor.candidates',
  Candidate,
  `SELECT w.id,
          EXISTS (SELECT FROM workflow_steps s WHERE s.workflow_id = w.id AND s.status = 'pending') AS steps_left
   FROM workflows w
   WHERE w.auto AND w.status = 'running' AND w.action IS NULL AND w.id <> ALL ($1::text[])
     AND NOT EXISTS (SELECT FROM workflow_steps s WHERE s.workflow_id = w.id AND s.status = 'running')
   ORDER BY w.updated_at LIMIT 100`,
);

/**
 * Carries out the next step of every `auto` workflow that runs and has none in hand, and completes those that have none
 * left, until there is nothing to do. A workflow whose device refuses rests for a while; one whose step failed is
 * `failed` and left to people. Throws where device-service cannot be asked.
 */
export async function conduct(deps: CoreDeps, rests: Rests, signal?: AbortSignal): Promise<void> {
  for (;;) {
    if (signal?.aborted) return;
    const found = await deps.db.query(candidates, [rests.resting()]);
    if (found.length === 0) return;
    await concurrently(found, atOnce, (workflow) => goOn(deps, rests, workflow));
  }
}

async function goOn(deps: CoreDeps, rests: Rests, workflow: Static<typeof Candidate>): Promise<void> {
  try {
    if (workflow.steps_left) await nextStep(deps, workflow.id);
    else await complete(deps, workflow.id);
    rests.end(workflow.id);
  } catch (error) {
    if (verdictOf(error) !== 'refused') throw error;
    // Refused by the device, or somebody else was faster: looked at again later.
    rests.begin(workflow.id);
    if (isProblem(error, 'booking_lost')) deps.log.warn({ workflow_id: workflow.id }, error.message);
    else deps.log.info({ workflow_id: workflow.id, err: error }, 'a workflow cannot go on now');
  }
}

async function nextStep(deps: CoreDeps, workflowId: string): Promise<void> {
  // The outcome comes with the feed: nobody waits here.
  const claim = await claimStep(deps, { workflowId, actionId: null, waitSeconds: 0 });
  if ('claimed' in claim) await carryOutStep(deps, claim.claimed, 0);
}

const complete = (deps: CoreDeps, workflowId: string) =>
  performAction(deps, { workflowId, actionId: randomUUID(), action: 'complete', args: { by: 'conductor' } });
