import { defineTask, type Enqueued, enqueue, type Task } from '@labwright/jobs';
import type { Queryable } from '@labwright/kernel/db';
import Type, { type Static } from 'typebox';

export const filesQueue = 'files';

const Args = Type.Object({ file_id: Type.String() });
type Args = Static<typeof Args>;

/** Looks at what came in: may be done twice, and is tried again for an hour where the store cannot be reached. */
export const checkTask = defineTask({
  name: 'files.check',
  args: Args,
  queue: filesQueue,
  maxAttempts: 10,
  repeatable: true,
});

/** Reads the results in a file that is ready. */
export const readTask = defineTask({
  name: 'files.read_results',
  args: Args,
  queue: filesQueue,
  maxAttempts: 5,
  repeatable: true,
});

/** Deletes the bytes of a file that was deleted, refused or never came. */
export const discardTask = defineTask({
  name: 'files.discard',
  args: Args,
  queue: filesQueue,
  maxAttempts: 10,
  repeatable: true,
});

/** Milliseconds after which the sweep sees to a file whose job did not come to its end: it was dropped, or its attempts were used up. */
export const jobLookMs = 3_600_000;

/** Asks for it in the caller's transaction, once, however often: the sweep asks again for what did not come to an end. */
export const ask = (tx: Queryable, task: Task<Args>, id: string): Promise<Enqueued> =>
  enqueue(tx, task, { file_id: id }, { key: `file:${id}`, uniqueKey: `${task.name}:${id}` });
