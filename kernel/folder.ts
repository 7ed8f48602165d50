import { constants } from 'node:fs';
import { access, mkdir, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from './config.ts';

/**
 * Makes the folder that a setting names, with these folders in it. Throws a `ConfigError` that names the setting where
 * that cannot be, or where we may not write there.
 */
export async function makeHome(setting: string, home: string, parts: readonly string[]): Promise<void> {
  const folder = resolve(home);
  try {
    for (const part of parts) {
      await makeFolders(join(folder, part));
      await access(join(folder, part), constants.R_OK | constants.W_OK | constants.X_OK);
    }
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new ConfigError([
      `${setting}: nothing can be kept in ${folder} (${code}). Choose a folder that this user may write to.`,
    ]);
  }
}

/** Not `recursive`: that goes on for ever where the system denies that a folder exists which it lists (`/proc`). */
async function makeFolders(folder: string): Promise<void> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  if (found?.isDirectory()) return;
  await makeFolders(dirname(folder));
  await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
    // Two processes may start at once.
    if (error.code !== 'EEXIST' || found) throw error;
  });
}
