/**
 * Loaded with `--import` into a process under test: kills it (SIGKILL, nothing is flushed, nothing is said) at one
 * exact statement. The file that `CRASH_FILE` names says which, and SIGUSR2 makes it count: `before:3` dies instead of
 * sending the third statement of requests, `after:3` when its answer has come and nobody has seen it.
 * Statements of background loops are not counted, for they come when they like.
 */
import { readFileSync } from 'node:fs';
import pg from 'pg';
import { currentContext } from '../context.ts';

let phase: string | undefined;
let number = 0;
let count = 0;

process.on('SIGUSR2', () => {
  const [when, which] = readFileSync(process.env.CRASH_FILE ?? '', 'utf8').split(':');
  phase = when;
  number = Number(which);
  count = 0;
  process.stdout.write(`armed ${when}:${which}\n`);
});

const die = () => process.kill(process.pid, 'SIGKILL');

const client = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
const send = client.query;
client.query = function query(this: unknown, ...args: unknown[]) {
  if (!phase || !currentContext()) return send.apply(this, args);
  count += 1;
  const here = count === number;
  if (here && phase === 'before') {
    die();
    // The signal needs a moment to be delivered: nothing may be sent meanwhile.
    return new Promise(() => {});
  }
  const sent = send.apply(this, args);
  if (here && sent instanceof Promise) return sent.finally(die).then(() => new Promise(() => {}));
  return sent;
};
