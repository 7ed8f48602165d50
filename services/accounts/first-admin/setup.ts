import { randomBytes } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { accountErrors } from '@labwright/contract-hub/accounts';
import type { Queryable } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { countAttempt } from '../attempts/attempts.ts';
import { record } from '../audit.ts';
import { type AccountsDeps, timestamp } from '../deps.ts';
import { checkPolicy } from '../passwords/policy.ts';
import { storePassword } from '../passwords/store-password.ts';
import { insertUser } from '../people/create-user.ts';
import { findUser } from '../people/find-user.ts';
import { digest } from '../secrets/vault.ts';
import { type Client, newSession, type Opened } from '../sessions/open-session.ts';

const anybody = rows(
  'accounts.setup.anybody',
  Type.Object({ found: Type.Boolean() }),
  // Somebody who can sign in and let others in.
  `SELECT EXISTS (SELECT FROM users u JOIN credentials c ON c.user_id = u.id AND c.password IS NOT NULL
                  WHERE u.role = 'admin') AS found`,
);
const put = command(
  'accounts.setup.put',
  `INSERT INTO setup (hash, created_at) VALUES ($1, $2)
   ON CONFLICT (one) DO UPDATE SET hash = excluded.hash, created_at = excluded.created_at`,
);
const take = command('accounts.setup.take', 'DELETE FROM setup WHERE hash = $1');

export const needsSetup = async (db: Queryable): Promise<boolean> =>
  (await db.first(anybody))?.found === false;

const fileOf = (home: string) => join(home, 'setup-token');

/** The token has done its work. */
export const forgetSetup = (home: string): Promise<void> => rm(fileOf(home), { force: true });

/**
 * While there is no administrator: what the first one shows. The setting, or a new one in the file `setup-token` of `home`, which its owner alone may read; a log
 * would be read by others. Answers where it is; null where it is not needed.
 */
export async function prepareSetup(
  deps: Pick<AccountsDeps, 'db' | 'clock' | 'log'>,
  { home, token }: { home: string; token?: string | undefined },
): Promise<string | null> {
  if (!(await needsSetup(deps.db))) {
    await forgetSetup(home);
    return null;
  }
  const made = token ?? randomBytes(18).toString('base64url');
  await deps.db.execute(put, [digest(made), timestamp(deps.clock.now())]);
  if (token !== undefined) return 'LABWRIGHT_SETUP_TOKEN';
  await forgetSetup(home);
  await writeFile(fileOf(home), `${made}\n`, { mode: 0o600 });
  return fileOf(home);
}

/**
 * The first administrator, who shows the setup token, or sits at this machine (`trusted`). Throws `setup_done`, `wrong_setup_token`, `weak_password`,
 * `email_taken`, `too_many_attempts`.
 */
export async function setUp(
  deps: AccountsDeps,
  given: { id: string; token?: string; name: string; email: string; password: string; trusted: boolean },
  client: Client,
): Promise<Opened> {
  if (!(await needsSetup(deps.db))) throw done();
  checkPolicy(given.password, given);
  const attempt = await countAttempt(deps, 'setup', client.address);
  const hash = await deps.hasher.hash(given.password);
  const opened = await deps.db.transaction(async (tx) => {
    // Whoever is first takes the row with it; where the local user needs none, it is the lock all the same.
    await tx.execute(oneAtATime);
    if (!(await needsSetup(tx))) throw done();
    const shown = given.token !== undefined && (await tx.execute(take, [digest(given.token)])) === 1;
    if (!shown && !given.trusted)
      throw accountErrors.problem(
        'wrong_setup_token',
        'This is not the setup token. It stands in the file setup-token in LABWRIGHT_HOME of hub-service, or is what LABWRIGHT_SETUP_TOKEN says.',
      );
    const { id, name, email } = given;
    const made = await insertUser(deps, tx, { id, name, email, role: 'admin' });
    await storePassword(tx, made.id, hash, deps.clock.now());
    await record(tx, made, {
      action: 'account.created',
      subject: `account:${made.id}`,
      after: { name: made.name, email: made.email, role: 'admin' },
    });
    return newSession(deps, tx, await findUser(tx, made.id), client);
  });
  await attempt.giveBack();
  return opened;
}

const oneAtATime = command('accounts.setup.lock', "SELECT pg_advisory_xact_lock(hashtext('accounts.setup'))");

const done = () =>
  accountErrors.problem(
    'setup_done',
    'The laboratory has an administrator already. Sign in, or ask for an invitation.',
  );
