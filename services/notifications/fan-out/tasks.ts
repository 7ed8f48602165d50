import type { Severity } from '@labwright/contract-hub/announce';
import { defineTask } from '@labwright/jobs';
import { nullable } from '@labwright/kernel/http';
import Type from 'typebox';

const hourMs = 3_600_000;
/** There may be a thousand of them for one event: they are not kept for a week. */
const keep = { succeededMs: hourMs };

export const fanOutQueue = 'notifications.fan_out';

/** Cuts the recipients of an event into ranges, from this person on. Twice does no harm: it ends its job with what it made. */
export const fanOutTask = defineTask({
  name: 'notifications.fan_out',
  args: Type.Object({ event_id: Type.String(), after: nullable(Type.String()) }),
  queue: fanOutQueue,
  repeatable: true,
  retryDelayMs: 1_000,
  maxAttempts: 10,
  keep,
});

/** The recipients of an event after one person, and up to another. */
export const rangeTask = defineTask({
  name: 'notifications.range',
  args: Type.Object({ event_id: Type.String(), after: Type.String(), until: Type.String() }),
  queue: fanOutQueue,
  repeatable: true,
  retryDelayMs: 1_000,
  maxAttempts: 10,
  keep,
});

/** Recipients of one job. */
export const rangeSize = 1_000;

/** What is critical goes first; the news of a quiet day does not hold it up. */
export const priorityOf = (severity: Severity): number => ({ critical: -10, warning: 0, info: 10 })[severity];
