import { chatErrors } from '@labwright/contract-hub/chat-errors';
import { commonErrors } from '@labwright/kernel/errors';
import { type Limiter, tokenBucket } from '@labwright/limits';
import type { Rate } from '../deps.ts';

/** Lets a principal write as often as it may, by whatever way and process it comes. Throws `too_fast`, and `limits_unavailable` where nobody can tell. */
export type SendLimit = (principalId: string) => Promise<void>;

const longestKey = 255;

export function createSendLimit(limiter: Limiter, rate: Rate): SendLimit {
  const limit = tokenBucket({ rate: rate.perSecond, seconds: 1, burst: rate.atOnce });
  return async (principalId) => {
    const key = `chat sends ${principalId}`.slice(0, longestKey);
    const { goOn, outcome, standings } = await limiter.take([{ key, limit }]);
    if (goOn) return;
    if (outcome === 'down')
      throw commonErrors.problem(
        'limits_unavailable',
        'How much you have written cannot be counted now, and what is not counted is not written. Send it again shortly.',
        { retryAfter: 1 },
      );
    const seconds = (standings[0]?.waitUs ?? 0) / 1_000_000;
    throw chatErrors.problem(
      'too_fast',
      `At most ${rate.perSecond} messages a second; this one was not written. Send it again in ${Math.ceil(seconds)} s.`,
      { retryAfter: seconds },
    );
  };
}
