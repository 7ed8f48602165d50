/**
 * Loaded with `--import` into a process under test: kills it (SIGKILL, nothing is flushed, nothing is said) at one
 * exact point. Points are the SQL statements and the calls of other services that a request makes whose id begins with
 * `doomed`, in their order; the id goes along to the next service. The file that `CRASH_FILE` names says which, and SIGUSR2 makes it count: `before:3` dies instead of the third,
 * `after:3` when its answer has come and nobody has seen it.
 */
import { readFileSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import pg from 'pg';
import { currentContext } from '../context.ts';

let phase: string | undefined;
let number = 0;
let count = 0;
/** How often it was armed: what was still on its way when it was armed anew kills nobody. */
let armed = 0;

process.on('SIGUSR2', () => {
  // Who is killed leaves no compiled code for those after it, and there are hundreds.
  flushCompileCache();
  const [when, which] = readFileSync(process.env.CRASH_FILE ?? '', 'utf8').split(':');
  phase = when;
  number = Number(which);
  count = 0;
  armed += 1;
  process.stdout.write(`armed ${when}:${which}\n`);
});

const die = () => process.kill(process.pid, 'SIGKILL');

type Call = (this: unknown, ...args: unknown[]) => unknown;

const deadly = (call: Call): Call =>
  function deadlyCall(...args) {
    if (!phase || !currentContext()?.request_id.startsWith('doomed')) return call.apply(this, args);
    count += 1;
    const here = count === number;
    if (here && phase === 'before') {
      die();
      // The signal needs a moment to be delivered: nothing may be sent meanwhile.
      return new Promise(() => {});
    }
    const sent = call.apply(this, args);
    if (!here || !(sent instanceof Promise)) return sent;
    const then = armed;
    const end = () => {
      if (armed !== then) return sent;
      die();
      return new Promise(() => {});
    };
    return sent.then(end, end);
  };

const client = pg.Client.prototype as unknown as { query: Call };
client.query = deadly(client.query);
globalThis.fetch = deadly(globalThis.fetch as Call) as typeof fetch;
