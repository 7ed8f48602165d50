import { eventsOf } from './events.ts';
import { type Call, createCaller } from './http/call.ts';
import type { TokenSource } from './http/send.ts';
import { type LiveOptions, type LiveTold, watchLive } from './live.ts';
import { auditOf } from './resources/audit.ts';
import { bookingsOf } from './resources/bookings.ts';
import { chatOf } from './resources/chat.ts';
import { devicesOf } from './resources/devices.ts';
import { filesOf } from './resources/files.ts';
import { logsOf } from './resources/logs.ts';
import { notificationsOf } from './resources/notifications.ts';
import { platesOf, samplesOf } from './resources/samples.ts';
import { tasksOf } from './resources/tasks.ts';
import { workflowsOf } from './resources/workflows.ts';

export interface ClientOptions {
  /** Where the hub answers, `http://localhost:5000` by default; `''` on its own pages. */
  hub?: string | undefined;
  /** Straight to the other two, where they can be reached: `http://localhost:5001`, `:5002`. Without it by way of the hub. */
  deviceService?: string | undefined;
  workflowService?: string | undefined;
  /**
   * An API token, or who gives one: it is asked for each request, with `true` where the last one was refused (`session.token` of
   * `signIn`). Not needed on the laboratory's own machine, nor on its pages, where cookies tell who asks.
   */
  token?: string | TokenSource | undefined;
  /** Milliseconds for one call with all its repeats; 120,000. */
  timeoutMs?: number;
  /** Milliseconds until a try counts as lost, beside the time that the call was asked to wait; 45,000. */
  tryTimeoutMs?: number;
  /** Tries after the first one; 5. */
  retries?: number;
  /** More headers of each request. */
  headers?: Record<string, string>;
  fetch?: typeof fetch;
}

/** The laboratory. */
export interface Client {
  readonly devices: ReturnType<typeof devicesOf>;
  readonly bookings: ReturnType<typeof bookingsOf>;
  readonly logs: ReturnType<typeof logsOf>;
  readonly workflows: ReturnType<typeof workflowsOf>;
  readonly samples: ReturnType<typeof samplesOf>;
  readonly plates: ReturnType<typeof platesOf>;
  readonly tasks: ReturnType<typeof tasksOf>;
  readonly notifications: ReturnType<typeof notificationsOf>;
  readonly files: ReturnType<typeof filesOf>;
  readonly chat: ReturnType<typeof chatOf>;
  readonly audit: ReturnType<typeof auditOf>;
  readonly events: ReturnType<typeof eventsOf>;
  /** What happens in these rooms right now, by WebSocket: for screens. What must not be missed is read from `events`. */
  live(rooms: readonly string[], options?: LiveOptions): AsyncGenerator<LiveTold, void, undefined>;
  /** Any other route, with its types: `lab.call('hub-service', 'GET', '/me')`. Repeated and ended like all others. */
  readonly call: Call;
}

export function createClient(options: ClientOptions = {}): Client {
  const { token } = options;
  const hub = plain(options.hub ?? 'http://localhost:5000');
  const caller = createCaller({
    urls: {
      'hub-service': hub,
      'device-service': plain(options.deviceService ?? `${hub}/api/device-service`),
      'workflow-service': plain(options.workflowService ?? `${hub}/api/workflow-service`),
    },
    line: {
      fetch: options.fetch ?? ((...request) => fetch(...request)),
      token: typeof token === 'string' ? () => token : token,
    },
    headers: options.headers ?? {},
    patience: {
      timeoutMs: options.timeoutMs ?? 120_000,
      tryTimeoutMs: options.tryTimeoutMs ?? 45_000,
      retries: options.retries ?? 5,
    },
  });
  return {
    devices: devicesOf(caller),
    bookings: bookingsOf(caller),
    logs: logsOf(caller),
    workflows: workflowsOf(caller),
    samples: samplesOf(caller),
    plates: platesOf(caller),
    tasks: tasksOf(caller),
    notifications: notificationsOf(caller),
    files: filesOf(caller),
    chat: chatOf(caller),
    audit: auditOf(caller),
    events: eventsOf(caller),
    live: (rooms, how) => watchLive(caller, rooms, how),
    call: caller.call,
  };
}

const plain = (url: string) => url.replace(/\/+$/, '');
