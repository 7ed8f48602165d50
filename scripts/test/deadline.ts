/**
 * Loaded before each test file: ends one that does not end by itself, a connection left open for instance, and says so. Node's
 * `--test-timeout` ends tests, and waits without an end for the file around them.
 */
import { getActiveResourcesInfo } from 'node:process';
import { isMainThread, Worker } from 'node:worker_threads';

const milliseconds = Number(process.env.LABWRIGHT_TEST_DEADLINE_MS ?? 10 * 60_000);

if (isMainThread && process.env.NODE_TEST_CONTEXT?.startsWith('child')) {
  setTimeout(() => {
    const open = [...new Set(getActiveResourcesInfo())].join(', ');
    console.error(`${process.argv[1]} did not end within ${milliseconds} ms. Still open: ${open}.`);
    process.exit(1);
  }, milliseconds).unref();
  // A file that never gives its turn back does not come to the line above.
  new Worker(new URL('watchdog.ts', import.meta.url), {
    workerData: { file: process.argv[1], milliseconds },
    execArgv: [],
  }).unref();
}
