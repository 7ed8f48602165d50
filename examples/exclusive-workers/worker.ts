import { appendFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { lineOf } from './line.ts';

/** `worker.ts FILE NUMBER CRASH`: writes one line, three characters at a time, unless it is one that crashes. */
const [file = '', number = '', crash = 'no'] = process.argv.slice(2);

if (crash === 'kill') process.kill(process.pid, 'SIGKILL');
if (crash === 'throw') throw new Error(`worker ${number} crashes`);

for (const piece of lineOf(number).match(/[\s\S]{1,3}/g) ?? []) {
  await appendFile(file, piece);
  await pause(2);
}
