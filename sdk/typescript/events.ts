import { isLabwrightError } from './errors.ts';
import type { Caller } from './http/call.ts';
import { pause } from './http/send.ts';
import type { DeviceEvent, WorkflowEvent } from './types.ts';

export interface FeedOptions {
  /** `now` (the default): what happens from now on. `oldest`: everything that is kept, seven days. Or the `cursor` of the last event that you dealt with. */
  after?: 'now' | 'oldest' | (string & {}) | undefined;
  /** Ends it; what is thrown then is the reason of the signal. */
  signal?: AbortSignal | undefined;
}

interface FeedPage<Event> {
  events: readonly Event[];
  next_cursor: string;
}

const waitSeconds = 25;
const longestPauseMs = 15_000;

/**
 * Event after event, each once and in order, for as long as somebody reads: connections that break and services that are
 * started again are only a delay. What nobody has read yet stays with the service, so a slow reader costs no memory.
 */
async function* follow<Event>(
  read: (
    query: { cursor?: string; wait_seconds: number },
    signal: AbortSignal | undefined,
  ) => Promise<FeedPage<Event>>,
  { after = 'now', signal }: FeedOptions,
): AsyncGenerator<Event, never, undefined> {
  let cursor = after === 'oldest' ? undefined : after;
  let failures = 0;
  for (;;) {
    let page: FeedPage<Event>;
    try {
      page = await read({ ...(cursor === undefined ? {} : { cursor }), wait_seconds: waitSeconds }, signal);
      failures = 0;
    } catch (error) {
      if (!isLabwrightError(error) || !mayPass(error.status)) throw error;
      failures += 1;
      await pause(Math.min(longestPauseMs, 500 * 2 ** failures) * (0.5 + Math.random() / 2), signal);
      continue;
    }
    cursor = page.next_cursor;
    yield* page.events;
  }
}

/** No answer, too many requests, or the service is away. */
const mayPass = (status: number) => status === 0 || status === 429 || status >= 500;

/** What happened to devices and workflows, from the feeds of their services. */
export function eventsOf({ call }: Caller) {
  return {
    /** Bookings, queues, operations and states of devices. */
    devices: (options: FeedOptions = {}): AsyncGenerator<DeviceEvent, never, undefined> =>
      follow((query, signal) => call('device-service', 'GET', '/events', { query, signal }), options),
    /** Workflows and their steps. */
    workflows: (options: FeedOptions = {}): AsyncGenerator<WorkflowEvent, never, undefined> =>
      follow((query, signal) => call('workflow-service', 'GET', '/events', { query, signal }), options),
  };
}
