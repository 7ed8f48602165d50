import type { StoredFile } from '@labwright/contract-hub/files';
import { fileErrors } from '@labwright/contract-hub/files-errors';
import { atLeast, type Principal } from '@labwright/kernel/identity';

/** Throws `not_your_file`. */
export function checkOwner(file: StoredFile, who: Principal): void {
  if (file.owner_id === who.id || atLeast(who.role, 'operator')) return;
  throw fileErrors.problem(
    'not_your_file',
    `${file.name} belongs to ${file.owner_name}. Its owner may do this, and whoever is operator.`,
  );
}
