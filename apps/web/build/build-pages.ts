import { glob, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliCompress, constants, gzip } from 'node:zlib';
import { builtFolder, stampName, webFolder } from './sources.ts';

/**
 * Builds the pages beside what is there, and then puts them in its place: a laboratory that serves them meanwhile always has a
 * whole one. Texts lie there compressed too.
 */
export async function buildPages(hash: string): Promise<void> {
  const { build } = await import('vite');
  const fresh = `${builtFolder}.${process.pid}`;
  try {
    await build({
      root: webFolder,
      configFile: join(webFolder, 'vite.config.ts'),
      logLevel: 'warn',
      build: { outDir: fresh, emptyOutDir: true },
    });
    await compress(fresh);
    await writeFile(join(fresh, stampName), hash);
    await replace(fresh);
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

const brotli = promisify(brotliCompress);
const gzipped = promisify(gzip);

async function compress(folder: string): Promise<void> {
  for await (const path of glob('**/*.{js,css,svg,wasm,webmanifest}', { cwd: folder })) {
    const file = join(folder, path);
    const text = await readFile(file);
    await writeFile(`${file}.br`, await brotli(text, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } }));
    await writeFile(`${file}.gz`, await gzipped(text, { level: 9 }));
  }
}

/** Another build may do the same at the same moment: each puts a whole one there. */
async function replace(fresh: string): Promise<void> {
  const old = `${fresh}.old`;
  await rename(builtFolder, old).catch(() => {});
  await rename(fresh, builtFolder).catch((error) => {
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  await rm(old, { recursive: true, force: true });
}
