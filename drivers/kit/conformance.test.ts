import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { conformanceCases, driverConformance } from './conformance.ts';
import type { Command, Driver } from './driver.ts';
import { shakerHarness } from './testing/shaker-harness.ts';

driverConformance('the example driver', shakerHarness);

/** A driver that breaks one promise, and a case that must catch it. */
interface Spoiled {
  flaw: string;
  caughtBy: string;
  change?: (driver: Driver) => Driver;
  forgetful?: boolean;
}

/** A driver that sends every command in another form. */
const rewriting =
  (rewrite: (command: Command) => Partial<Command>) =>
  (driver: Driver): Driver => ({
    ...driver,
    execute: (command, options) => driver.execute({ ...command, ...rewrite(command) }, options),
  });

let fresh = 0;
const spoiled: Spoiled[] = [
  {
    flaw: 'moves again for an id that it knows',
    caughtBy: 'answers the same execution id with the same outcome, without moving again',
    change: (driver) => {
      const seen = new Set<string>();
      return rewriting(({ execution_id }) => {
        if (!seen.has(execution_id)) return { execution_id: seen.add(execution_id) && execution_id };
        fresh += 1;
        return { execution_id: `${execution_id}~${fresh}` };
      })(driver);
    },
  },
  {
    flaw: 'does not look at fencing tokens',
    caughtBy: 'refuses a fencing token lower than one that it has carried out',
    change: rewriting(() => ({ fencing_token: 7 })),
  },
  {
    flaw: 'does not remember the token of a refused command',
    caughtBy: 'refuses a fencing token lower than one that it has only seen in a refused command',
    change: rewriting(({ fencing_token }) => ({ fencing_token: Math.min(fencing_token, 8) })),
  },
  {
    flaw: 'drops parameters that it does not know',
    caughtBy: 'refuses invalid parameters and names every fault',
    change: rewriting(({ parameters: { duration: _, ...parameters } }) => ({ parameters })),
  },
  {
    flaw: 'takes an id for another command',
    caughtBy: 'refuses an execution id that belongs to another command',
    change: rewriting(() => ({ parameters: {} })),
  },
  {
    flaw: 'does not listen to abort',
    caughtBy: 'moves nothing for a command whose caller has aborted before',
    change: (driver) => ({
      ...driver,
      execute: (command, options) => driver.execute(command, { onProgress: options?.onProgress }),
    }),
  },
  {
    flaw: 'says that nothing was started',
    caughtBy: 'carries out a command, and says so before, while and after it moves',
    change: (driver) => ({ ...driver, inquire: async () => ({ status: 'not_started' }) }),
  },
  {
    flaw: 'goes on after it was closed',
    caughtBy: 'closes twice, and then answers nothing',
    change: (driver) => ({ ...driver, close: async () => {} }),
  },
  {
    flaw: 'forgets what ran before a crash',
    caughtBy: 'finds a running command again after a crash, and its outcome',
    forgetful: true,
  },
  {
    flaw: 'forgets the fencing token in a crash',
    caughtBy: 'refuses the fencing token of a process that was thought dead',
    forgetful: true,
  },
  {
    flaw: 'moves again for a command that is sent again after a crash',
    caughtBy: 'does not move again when a command is sent again after a crash',
    forgetful: true,
  },
];

describe('the conformance suite can fail', () => {
  for (const { flaw, caughtBy, change = (driver: Driver) => driver, forgetful = false } of spoiled) {
    test(`it catches a driver that ${flaw}`, { timeout: 20_000 }, async () => {
      const found = conformanceCases.find(({ name }) => name === caughtBy);
      assert.ok(found, `no case is named "${caughtBy}"`);
      // Time is let run, because a spoiled driver may move where a case does not wait for it.
      const harness = await shakerHarness({ remembers: true, change, forgetful });
      let over = false;
      try {
        const ended = assert.rejects(found.run(harness)).finally(() => {
          over = true;
        });
        while (!over) {
          await harness.clock.advance(1_000);
          await setImmediate();
        }
        await ended;
      } finally {
        await harness.dispose();
      }
    });
  }
});
