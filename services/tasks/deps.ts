import type { Announcer } from '@labwright/contract-hub/announce';
import type { Live } from '@labwright/contract-hub/live';
import type { PeopleApi } from '@labwright/contract-hub/people';
import type { TaskOutcome } from '@labwright/contract-hub/tasks';
import type { Feed } from '@labwright/feed';
import type { ServiceDeps } from '@labwright/kernel/service';

export interface TasksOptions {
  /** Tells people; nobody is told where there is none. */
  announcer?: Announcer | undefined;
  /** Who works here; without it any id may be assigned a task. */
  people?: PeopleApi | undefined;
  /** Tells whoever looks at a list right now. */
  live?: Live | undefined;
  /** Milliseconds after which a waiting reader of the feed looks again although nobody woke it. Default 500. */
  feedPollMs?: number;
}

/** What the parts of this domain share. */
export interface TasksDeps extends ServiceDeps, Pick<TasksOptions, 'announcer' | 'people' | 'live'> {
  readonly feed: Feed<TaskOutcome>;
}
