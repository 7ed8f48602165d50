/**
 * `npm run build -w @labwright/web`: the pages, into apps/web/dist. With `--if-stale` only where they are missing or were built
 * from other sources than these, and in words for whoever runs `npm start`.
 */
import { buildPages } from './build-pages.ts';
import { hashSources, isBuilt } from './sources.ts';

const onlyIfStale = process.argv.includes('--if-stale');
const hash = await hashSources();

if (!onlyIfStale || !(await isBuilt(hash))) {
  const begun = performance.now();
  if (onlyIfStale) process.stderr.write('The pages of the web UI are being built: once, up to a minute …\n');
  try {
    await buildPages(hash);
    process.stderr.write(
      `The pages of the web UI are built (${Math.round((performance.now() - begun) / 1_000)} s).\n`,
    );
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND';
    process.stderr.write(
      `The pages of the web UI could not be built; everything else works.\n${
        missing
          ? 'A package is missing: run "npm ci --include=dev". '
          : 'Mend this and run "npm run build -w @labwright/web": '
      }${error instanceof Error ? error.message : error}\n`,
    );
    process.exitCode = 1;
  }
}
