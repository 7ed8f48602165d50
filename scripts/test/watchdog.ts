/** A thread beside a test file: where the file hangs without giving its turn back, it says where, and ends it. */
import { writeSync } from 'node:fs';
import { type Debugger, Session } from 'node:inspector';
import { setTimeout as after } from 'node:timers/promises';
import { workerData } from 'node:worker_threads';

const { file, milliseconds } = workerData as { file: string; milliseconds: number };
/** The file's own deadline comes first. */
const graceMs = 5_000;
/** So long it may take to say where the file stands, on a machine full of tests. */
const answerMs = 15_000;
const looks = 20;

await after(milliseconds + graceMs);
const session = new Session();
session.connectToMainThread();
session.post('Debugger.enable');

/** Where the file stands at this moment, the innermost function first. */
const look = () =>
  new Promise<string[]>((resolve) => {
    session.once('Debugger.paused', ({ params }: { params: Debugger.PausedEventDataType }) => {
      session.post('Debugger.resume');
      resolve(
        params.callFrames.map(
          ({ functionName, url, location }) => `    at ${functionName} (${url}:${location.lineNumber + 1})`,
        ),
      );
    });
    session.post('Debugger.pause');
  });
/** One look may fall between two turns of an endless line of promises, where nothing is to be seen. */
const lookOften = async () => {
  let deepest: string[] = [];
  for (let n = 0; n < looks; n += 1) {
    const frames = await look();
    if (frames.length > deepest.length) deepest = frames;
    await after(10);
  }
  return deepest;
};
const frames = await Promise.race([lookOften(), after(answerMs, ['    outside JavaScript'])]);
// Not by way of the other thread, which does not listen.
writeSync(2, `${file} did not end within ${milliseconds} ms, and hangs:\n${frames.join('\n')}\n`);
process.kill(process.pid, 'SIGKILL');
