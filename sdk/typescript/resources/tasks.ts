import type { Caller, CallOptions } from '../http/call.ts';
import type { BodyOf, QueryOf } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { Task, TaskHistoryEntry } from '../types.ts';

const service = 'hub-service';

/** Work for a human hand. Where `version` is given and somebody changed the task since, `task_changed` answers the newer one. */
export function tasksOf({ call }: Caller) {
  return {
    list: (filter: QueryOf<typeof service, '/tasks'> = {}, options: CallOptions = {}) =>
      pages<Task>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/tasks', { query, ...options, signal });
        return { rows: page.tasks, next_cursor: page.next_cursor };
      }, options),

    get: (id: string, options: CallOptions = {}): Promise<Task> =>
      call(service, 'GET', '/tasks/{id}', { path: { id }, ...options }),

    create: (task: BodyOf<typeof service, 'POST', '/tasks'>, options: CallOptions = {}): Promise<Task> =>
      call(service, 'POST', '/tasks', { body: task, ...options }),

    update: (
      id: string,
      change: BodyOf<typeof service, 'PATCH', '/tasks/{id}'>,
      options: CallOptions = {},
    ): Promise<Task> => call(service, 'PATCH', '/tasks/{id}', { path: { id }, body: change, ...options }),

    /** Takes it in hand. */
    claim: (
      id: string,
      body: BodyOf<typeof service, 'POST', '/tasks/{id}/claim'> = {},
      options: CallOptions = {},
    ): Promise<Task> => call(service, 'POST', '/tasks/{id}/claim', { path: { id }, body, ...options }),

    /** Gives it back. */
    release: (
      id: string,
      body: BodyOf<typeof service, 'POST', '/tasks/{id}/release'> = {},
      options: CallOptions = {},
    ): Promise<Task> => call(service, 'POST', '/tasks/{id}/release', { path: { id }, body, ...options }),

    /** Done, with the values of its form. */
    complete: (
      id: string,
      body: BodyOf<typeof service, 'POST', '/tasks/{id}/complete'> = {},
      options: CallOptions = {},
    ): Promise<Task> => call(service, 'POST', '/tasks/{id}/complete', { path: { id }, body, ...options }),

    cancel: (
      id: string,
      body: BodyOf<typeof service, 'POST', '/tasks/{id}/cancel'>,
      options: CallOptions = {},
    ): Promise<Task> => call(service, 'POST', '/tasks/{id}/cancel', { path: { id }, body, ...options }),

    reopen: (
      id: string,
      body: BodyOf<typeof service, 'POST', '/tasks/{id}/reopen'>,
      options: CallOptions = {},
    ): Promise<Task> => call(service, 'POST', '/tasks/{id}/reopen', { path: { id }, body, ...options }),

    comment: (id: string, text: string, options: CallOptions = {}): Promise<Task> =>
      call(service, 'POST', '/tasks/{id}/comments', { path: { id }, body: { text }, ...options }),

    /** What happened to it. */
    history: (
      id: string,
      filter: QueryOf<typeof service, '/tasks/{id}/history'> = {},
      options: CallOptions = {},
    ) =>
      pages<TaskHistoryEntry>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/tasks/{id}/history', {
          path: { id },
          query,
          ...options,
          signal,
        });
        return { rows: page.history, next_cursor: page.next_cursor };
      }, options),
  };
}
