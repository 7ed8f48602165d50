import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What the production image tells Node, read from where the image is made, so that what is measured is what runs:
 * `NODE_ENV`, the limit of the heap, and a folder for compiled code. The image fills that folder while it is made; here the first
 * process of a program does. Throws where the image no longer says so.
 */
export async function productionEnv(): Promise<Record<string, string>> {
  const dockerfile = await readFile(`${root}deploy/Dockerfile`, 'utf8');
  const find = (name: string) => {
    const found = new RegExp(`\\b${name}=(?:"([^"]+)"|(\\S+))`).exec(dockerfile);
    return found?.[1] ?? found?.[2];
  };
  const setting = (name: string) => {
    const value = find(name);
    if (!value) throw new Error(`deploy/Dockerfile sets no ${name}`);
    return value;
  };
  return {
    NODE_ENV: setting('NODE_ENV'),
    NODE_OPTIONS: setting('NODE_OPTIONS'),
    NODE_COMPILE_CACHE: join(root, 'node_modules/.cache', basename(find('NODE_COMPILE_CACHE') ?? 'compiled')),
  };
}
