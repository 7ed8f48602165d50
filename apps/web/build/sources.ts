import { createHash } from 'node:crypto';
import { glob, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
export const webFolder = resolve(import.meta.dirname, '..');
export const builtFolder = join(webFolder, 'dist');

/** In the folder of what is built: the hash of what it was built from. */
export const stampName = 'sources.sha256';

/** Everything that can change what a browser gets. Of types alone nothing is left in it, so the SDK is not here. */
const sources = [
  'package-lock.json',
  'apps/web/{index.html,package.json,vite.config.ts}',
  'apps/web/{build,public,src}/**/*.*',
  'contracts/*/**/*.ts',
  'kernel/errors.ts',
];

/** The same as long as no source changes, whatever the times of the files say. */
export async function hashSources(): Promise<string> {
  const paths: string[] = [];
  for await (const path of glob(sources, { cwd: root, exclude: ['**/node_modules/**'] }))
    if (!/\.test\.tsx?$/.test(path)) paths.push(path);
  const hash = createHash('sha256');
  for (const path of paths.sort()) hash.update(`${path}\n`).update(await readFile(join(root, path)));
  return hash.digest('hex');
}

/** True where what is built was made from just these sources. */
export async function isBuilt(hash: string): Promise<boolean> {
  const stamp = await readFile(join(builtFolder, stampName), 'utf8').catch(() => '');
  return stamp === hash;
}
