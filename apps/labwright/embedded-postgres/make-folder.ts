import { accessSync, constants, mkdirSync } from 'node:fs';
import { EmbeddedPostgresError } from './errors.ts';

/** Makes a folder where it is missing, and proves that we may write to it. Throws `not_permitted`. */
export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    throw new EmbeddedPostgresError(
      'not_permitted',
      `${folder} can't be made or written to. Choose another folder, or start as a user who may.`,
      { cause: error },
    );
  }
}
