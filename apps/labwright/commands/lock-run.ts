import { type Command, describeOptions } from '../command-line/command.ts';
import { lockArguments } from '../lock/options.ts';

export const lockRunCommand: Command = {
  name: 'lock run',
  summary: 'a program of any kind under a lock',
  usage: 'lock run --key KEY [options] -- COMMAND …',
  notes: [
    'The exit code of the command is passed on. Where the lease is lost, it and all that it started are killed. It finds LABWRIGHT_LOCK_KEY and LABWRIGHT_LOCK_TOKEN in its environment.',
  ],
  options: describeOptions(lockArguments, {
    key: { value: 'KEY', doc: 'the name of the lock; required' },
    wait: { value: 'TIME', doc: 'how long to wait for our turn (0s)' },
    ttl: { value: 'TIME', doc: 'a holder that is silent for so long has lost it (15s)' },
    url: {
      value: 'URL',
      doc: 'postgres://… or redis://… (LOCKS_URL); without it the laboratory in this folder',
    },
  }),
  examples: [
    {
      line: 'lock run --key plate-reader --wait 60s -- ./read-plates.sh',
      says: 'one after the other, whoever starts it and where',
    },
  ],
  exitCodes: {
    75: 'it was not our turn in time; nothing was run',
    76: 'the lease was lost, and the command was killed',
  },
  run: async (args, terminal) => {
    const { lockRun } = await import('../lock/run.ts');
    const code = await lockRun([...args], terminal.tell);
    // Signals are listened to for the command; nothing else is left to do.
    process.exit(code);
  },
};
