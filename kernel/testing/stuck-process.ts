import { group, type Part } from '../lifecycle.ts';
import { createLog } from '../log.ts';
import { runProcess } from '../process.ts';

/** A process of which one part never stops. */
const part = (name: string, stop: Part['stop']): Part => ({ name, start: async () => {}, stop });
const parts = [part('ready', async () => {}), part('stuck', () => new Promise(() => {}))];
await runProcess('stuck-service', async () => {
  const inner = group('inner', parts, createLog({ service: 'stuck', level: 'silent' }));
  const outer = group('outer', [inner], createLog({ service: 'stuck', level: 'silent' }));
  return {
    ...outer,
    start: async () => {
      // Once it listens to signals.
      setImmediate(() => process.stdout.write('it runs\n'));
      setInterval(() => {}, 60_000);
    },
  };
});
