/** A program that hashes passwords as the service does, at the lowest priority, one after the other, until its parent ends it or is gone. */
import { setPriority } from 'node:os';
import { setImmediate as pause } from 'node:timers/promises';
import { hashSync } from '@node-rs/argon2';

setPriority(19);
process.once('disconnect', () => process.exit());
process.send?.('hashing');
for (;;) {
  hashSync('a sentence that is long enough', { memoryCost: 19_456, timeCost: 2, parallelism: 1 });
  await pause();
}
