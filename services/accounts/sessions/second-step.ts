import { accountErrors } from '@labwright/contract-hub/accounts';
import { countAttempt } from '../attempts/attempts.ts';
import { record } from '../audit.ts';
import type { AccountsDeps } from '../deps.ts';
import { passwordChangedSince } from '../passwords/store-password.ts';
import { takeCode } from '../second-factor/take-code.ts';
import {
  type Client,
  mustBeFree,
  type Opened,
  openSession,
  sessionByToken,
  sessionHash,
} from './open-session.ts';

/** The code that was asked for at sign-in. Throws `wrong_code`, `session_ended`, `account_locked`, `too_many_attempts`. */
export async function secondStep(
  deps: AccountsDeps,
  { challenge, code }: { challenge: string; code: string },
  client: Client,
): Promise<Opened> {
  const hash = sessionHash(challenge);
  const waiting = await deps.db.transaction((tx) => sessionByToken(tx, hash, 'half', deps.clock.now()));
  if (!waiting) throw challengeOver();
  const attempt = await countAttempt(deps, waiting.user.email, client.address);
  const opened = await deps.db.transaction(async (tx) => {
    const session = await sessionByToken(tx, hash, 'half', deps.clock.now());
    if (!session) throw challengeOver();
    mustBeFree(session.user);
    if (await passwordChangedSince(tx, session.user.id, Date.parse(session.begunAt))) throw challengeOver();
    await takeCode(deps, tx, session.user.id, code);
    const made = await openSession(deps, tx, session, client);
    await record(tx, made.user, {
      action: 'session.opened',
      subject: `session:${made.sessionId}`,
      after: { address: client.address },
    });
    return made;
  });
  // And the try of the password, which this one completes.
  await attempt.giveBack({ tries: 2 });
  return opened;
}

const challengeOver = () =>
  accountErrors.problem(
    'session_ended',
    'This sign-in is over: ten minutes went by, it was completed, or the password was changed. Sign in again.',
  );
