/** What a process of the hasher runs: one task after the other, answered in their order. */
import { setPriority } from 'node:os';
import { hash, verify } from './formats.ts';

export type Work = { do: 'hash'; password: string } | { do: 'verify'; password: string; known: string };
export type Answer = { value: string | boolean } | { error: string };

if (process.send) {
  // Whoever is signed in already goes first when all want the processor.
  setPriority(19);
  // A terminal means our parent, who still wants what is in hand; without it we end.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  process.once('disconnect', () => process.exit());
  process.on('message', (work: Work) => process.send?.(answer(work)));
}

function answer(work: Work): Answer {
  try {
    return { value: work.do === 'hash' ? hash(work.password) : verify(work.password, work.known) };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}
