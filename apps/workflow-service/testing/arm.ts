import { writeFile } from 'node:fs/promises';
import type { TestProcess } from '@labwright/kernel/testing';

/** Has a process, which was started with `crashPoint` and reads this file, die at a point: `before:3`, `after:3`; `never:0`: at none. */
export async function arm(running: TestProcess, file: string, point: string): Promise<void> {
  await writeFile(file, point);
  running.child.kill('SIGUSR2');
  // It may have been armed so before: only the newest answer counts.
  await running.wrote(new RegExp(`armed ${point}\n(?![^]*armed )`));
}

/** False: it is dead. What a request begins goes on after its answer, so the point may also be reached while this is asked. */
export async function disarm(
  running: TestProcess,
  file: string,
  isAlive: () => Promise<boolean>,
): Promise<boolean> {
  if (!(await isAlive())) return false;
  return arm(running, file, 'never:0').then(
    () => true,
    () => false,
  );
}

/**
 * Kills at each point of what one request does, before it and then once after the last; answers how often. The last points may lie behind the answer, and
 * then not every run comes to them.
 */
export async function atEveryPoint(crash: (point: string) => Promise<'died' | 'lived'>): Promise<number> {
  const most = 40;
  let points = 0;
  while (points < most && (await crash(`before:${points + 1}`)) === 'died') points += 1;
  if (points === 0) throw new Error('the process never died: the points are not reached');
  if (points === most) throw new Error('the request never got through');
  for (let last = points; last > 0; last -= 1)
    if ((await crash(`after:${last}`)) === 'died') return points + 1;
  throw new Error('the process never died after a point');
}
