import { createCaller } from '@labwright/kernel/http-client';
import type { TasksApi } from './api.ts';
import { hubReachErrors } from './errors.ts';
import type { Task, TaskOutcomePage } from './schemas.ts';

export interface TasksClientOptions {
  /** `http://host:port` of hub-service. */
  url: string;
  /** Milliseconds until an answer must be there, beside the time that the call itself may wait. */
  timeout?: number;
  /** What tells the hub who we are. */
  headers?: () => Record<string, string> | Promise<Record<string, string>>;
}

/** `TasksApi` over HTTP. Carries the request id and the trace of the current request with it. */
export function tasksClient(options: TasksClientOptions): TasksApi {
  const call = createCaller({
    ...options,
    service: 'hub-service',
    setting: 'HUB_SERVICE_URL',
    unreachable: (detail, more) => hubReachErrors.problem('hub_service_unreachable', detail, more),
    noAnswer: (detail, more) => hubReachErrors.problem('hub_service_no_answer', detail, more),
  });
  const task = (id: string) => `/step-tasks/${encodeURIComponent(id)}`;
  return {
    ensure: ({ id, ...body }) => call<Task>('PUT', task(id), { body }),
    withdraw: ({ id, ...asked }, reason) =>
      call<Task>('POST', `${task(id)}/withdraw`, { body: { task: asked, reason } }),
    get: (id) => call<Task>('GET', `/tasks/${encodeURIComponent(id)}`),
    outcomes: ({ cursor, wait_seconds, signal }) => {
      const query = new URLSearchParams({ wait_seconds: String(wait_seconds) });
      if (cursor !== undefined) query.set('cursor', cursor);
      return call<TaskOutcomePage>('GET', `/task-outcomes?${query}`, { waitSeconds: wait_seconds, signal });
    },
  };
}
