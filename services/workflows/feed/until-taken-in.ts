import type { JobContext } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import type { CoreDeps } from '../deps.ts';
import type { Handling } from './handle-event.ts';

/** Milliseconds between two questions while another service or the database is away, at first and at most. */
const outage = { first: 250, most: 5_000 };

export interface TakingIn<Asked> {
  /** What has to be asked elsewhere before. */
  ask(): Promise<Asked>;
  /** The change, within the transaction that ends the job. While `patient`, it may wait for an action. */
  handle(tx: Queryable, asked: Asked, patient: boolean): Promise<Handling>;
}

/**
 * Takes news in; waits for an action on its workflow, at most a lease, and for as long as others cannot be reached. The change and the
 * end of the job are one transaction: news counts once. Throws what is wrong with the news or with us.
 */
export async function untilTakenIn<Asked>(
  deps: CoreDeps,
  context: JobContext,
  isOutage: (error: unknown) => boolean,
  { ask, handle }: TakingIn<Asked>,
): Promise<void> {
  const { clock, db } = deps;
  const patience = clock.now() + deps.settings.actionLeaseMs;
  let away: number = outage.first;
  for (let pause = 5; ; pause = Math.min(pause * 2, 250)) {
    try {
      const asked = await ask();
      const handling = await db.transaction(async (tx) => {
        const handled = await handle(tx, asked, clock.now() < patience);
        if (handled.kind === 'done' && !(await context.complete(tx))) throw new NotOurs();
        return handled;
      });
      if (handling.kind === 'done') return handling.after?.();
      away = outage.first;
    } catch (error) {
      // Somebody else has it by now, or its commit came through without its answer.
      if (error instanceof NotOurs) return;
      if (context.signal.aborted || !isOutage(error)) throw error;
      await clock.sleep(away, context.signal);
      away = Math.min(away * 2, outage.most);
      continue;
    }
    await clock.sleep(pause, context.signal);
  }
}

class NotOurs extends Error {
  override readonly name = 'NotOurs';
}
