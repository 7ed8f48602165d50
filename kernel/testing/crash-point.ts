/**
 * Loaded with `--import` into a process under test: kills it (SIGKILL, nothing is flushed, nothing is said) at one
 * exact statement. `CRASH_AT=before:3` dies instead of sending the third statement of requests, `after:3` when
 * its answer has come and nobody has seen it. Counting begins with SIGUSR2, so that the start is not counted;
 * statements of background loops are not counted, for they come when they like.
 */
import pg from 'pg';
import { currentContext } from '../context.ts';

const [phase, number] = (process.env.CRASH_AT ?? '').split(':');
let armed = false;
let count = 0;

process.on('SIGUSR2', () => {
  armed = true;
  process.stdout.write('ARMED\n');
});

const die = () => process.kill(process.pid, 'SIGKILL');

if (phase) {
  const client = pg.Client.prototype as unknown as { query: (...args: unknown[]) => unknown };
  const send = client.query;
  client.query = function query(this: unknown, ...args: unknown[]) {
    if (!armed || !currentContext()) return send.apply(this, args);
    count += 1;
    const here = count === Number(number);
    if (here && phase === 'before') {
      die();
      // The signal needs a moment to be delivered: nothing may be sent meanwhile.
      return new Promise(() => {});
    }
    const sent = send.apply(this, args);
    if (here && sent instanceof Promise) return sent.finally(die).then(() => new Promise(() => {}));
    return sent;
  };
}
