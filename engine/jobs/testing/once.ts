import type { Transport } from '../transport.ts';

/** Gives out one job and no more: a worker that joins anew after it was fenced off gets none. */
export function once(transport: Transport): Transport {
  let given = false;
  return {
    ...transport,
    claim: async (queue, worker) => {
      if (given) return [];
      const claimed = await transport.claim(queue, worker, 1);
      given = claimed.length > 0;
      return claimed;
    },
  };
}
