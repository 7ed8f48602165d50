import { linkErrors } from '@labwright/contract-hub/links';
import type { Queryable } from '@labwright/kernel/db';
import { findHost } from '../hosts/hosts.ts';
import { readTarget, type Target } from './read-target.ts';

/** A target to which links may lead. Throws `invalid_target`. */
export async function checkTarget(db: Queryable, text: string): Promise<Target> {
  let target: Target;
  try {
    target = readTarget(text);
  } catch (error) {
    throw refused(error instanceof Error ? error.message : String(error));
  }
  if (target.target.length > 8_192) throw refused('is too long once it is written as a URL');
  if (target.host !== null && !(await findHost(db, target.host)))
    throw refused(
      `leads to ${target.host}, which is not allowed here: an administrator allows it with \`PUT /link-hosts/${target.host}\``,
    );
  return target;
}

const refused = (message: string) =>
  linkErrors.problem('invalid_target', `body.target ${message}.`, {
    faults: [{ path: 'body.target', message }],
  });
