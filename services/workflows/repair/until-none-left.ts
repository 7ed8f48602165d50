import { verdictOf } from '../actions/verdict.ts';
import { concurrently } from '../concurrently.ts';
import type { CoreDeps } from '../deps.ts';

/** Calls of another service at once. */
const atOnce = 4;

/** Works off batch after batch; what could not be done is due again later. Throws where the service that is asked is gone. */
export async function untilNoneLeft<T>(
  deps: CoreDeps,
  signal: AbortSignal | undefined,
  take: (deps: CoreDeps) => Promise<T[]>,
  work: (item: T) => Promise<void>,
): Promise<void> {
  for (;;) {
    if (signal?.aborted) return;
    const batch = await take(deps);
    if (batch.length === 0) return;
    let unanswered = 0;
    await concurrently(batch, atOnce, async (item) => {
      try {
        await work(item);
      } catch (error) {
        const verdict = verdictOf(error);
        if (verdict === 'unanswered') unanswered += 1;
        // One question without an answer must not keep the others from being asked; many mean that nobody is there.
        if (verdict === 'unreachable' || unanswered === atOnce) throw error;
        deps.log.info({ err: error }, 'a repair has to be tried again');
      }
    });
  }
}
