import type { Subject } from '@labwright/contract-hub/links';
import type { SubjectSource } from './subject-source.ts';

/** Asked about at once: a list of 200 shall not be 200 requests at one moment. */
const atOnce = 8;

/**
 * The places in `subjects` of which their service says that there is none. Where nobody answers, or whoever asks may not know, nothing is said
 * of them, and the rest is not asked about.
 */
export async function unknownSubjects(
  source: SubjectSource,
  subjects: readonly Subject[],
  asking: Parameters<SubjectSource>[1],
): Promise<number[]> {
  const unknown: number[] = [];
  let next = 0;
  let silent = false;
  const askNext = async () => {
    for (let place = next++; !silent; place = next++) {
      const subject = subjects[place];
      if (!subject) return;
      const found = await source(subject, asking);
      if (found === 'unknown') unknown.push(place);
      else if (found === 'away' || found === 'refused') silent = true;
    }
  };
  await Promise.all(Array.from({ length: atOnce }, askNext));
  return unknown.sort((a, b) => a - b);
}
