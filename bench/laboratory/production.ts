import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

/** The root of the repository. */
export const root = fileURLToPath(new URL('../../', import.meta.url));

/**
 * What the production image tells Node, read from where the image is made, so that what is measured is what runs:
 * `NODE_ENV` and the limit of the heap. Throws where the image no longer says so.
 */
export async function productionEnv(): Promise<Record<string, string>> {
  const dockerfile = await readFile(`${root}deploy/Dockerfile`, 'utf8');
  const setting = (name: string) => {
    const found = new RegExp(`\\b${name}=(?:"([^"]+)"|(\\S+))`).exec(dockerfile);
    const value = found?.[1] ?? found?.[2];
    if (!value) throw new Error(`deploy/Dockerfile sets no ${name}`);
    return value;
  };
  return { NODE_ENV: setting('NODE_ENV'), NODE_OPTIONS: setting('NODE_OPTIONS') };
}
