import { runProcess } from '../process.ts';

/** A process that has started when it gets SIGUSR2, and says how far it is. */
const say = (text: string) => process.stdout.write(`${text}\n`);
const alive = setInterval(() => {}, 60_000);
await runProcess('slow-service', async () => ({
  name: 'slow',
  start: async () => {
    const begun = new Promise((resolve) => process.once('SIGUSR2', resolve));
    say('it starts');
    await begun;
    say('it runs');
  },
  stop: async () => {
    clearInterval(alive);
    say('it has stopped');
  },
  endAtOnce: async () => void say('it ends at once'),
}));
