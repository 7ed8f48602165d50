/**
 * How a restored laboratory takes the place of what is in its folder.
 *
 *     staged, whole and on the disk ──the note is written──► being placed ──all parts are in their place, the note is gone──► restored
 *                                                            │ killed                    ▲
 *                                                            └──the next restore: goes on┘
 *
 * Before the note is written the folder is as it was. While it is there nothing starts in this folder (`refuseUnfinished`). Each step may be done
 * again: a part that is not staged any more is in its place.
 */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { flushFolder } from '../archive/write-archive.ts';

const Note = Type.Object({
  backup: Type.String(),
  /** Where what was there before goes. */
  aside: Type.String(),
  parts: Type.Array(Type.Object({ staged: Type.String(), target: Type.String() })),
});
export type Note = Static<typeof Note>;
const note = Compile(Note);

const noteOf = (home: string) => join(home, 'restore-unfinished.json');

/** Throws where a restore into this folder was interrupted while it put its parts in place. */
export function refuseUnfinished(home: string): void {
  if (!existsSync(noteOf(home))) return;
  throw new Error(
    `A restore into ${home} was interrupted while its parts were put in place. Run it again, and it goes on: labwright restore FILE`,
  );
}

/** Resolves when every part is in its place. */
export async function placeParts(home: string, plan: Note): Promise<void> {
  const draft = `${noteOf(home)}.draft`;
  const handle = await open(draft, 'w', 0o600);
  await handle.writeFile(JSON.stringify(plan));
  await handle.sync();
  await handle.close();
  await rename(draft, noteOf(home));
  await flushFolder(home);
  await finish(home, plan);
}

/** Goes on where a restore was interrupted. Answers the id of its backup, or undefined where none was. */
export async function goOnPlacing(home: string): Promise<string | undefined> {
  if (!existsSync(noteOf(home))) return undefined;
  const plan: unknown = JSON.parse(readFileSync(noteOf(home), 'utf8'));
  if (!note.Check(plan)) throw new Error(`${noteOf(home)} cannot be understood: it was changed by hand.`);
  await finish(home, plan);
  return plan.backup;
}

async function finish(home: string, { parts, aside }: Note): Promise<void> {
  for (const { staged, target } of parts) {
    if (!existsSync(staged)) continue;
    if (existsSync(target)) {
      await mkdir(aside, { recursive: true, mode: 0o700 });
      await rename(target, freeName(join(aside, basename(target))));
    }
    await mkdir(dirname(target), { recursive: true });
    await rename(staged, target);
    await flushFolder(dirname(target));
  }
  await rm(noteOf(home));
  await flushFolder(home);
}

function freeName(path: string): string {
  for (let number = 0; ; number += 1) {
    const name = number === 0 ? path : `${path}.${number}`;
    if (!existsSync(name)) return name;
  }
}
