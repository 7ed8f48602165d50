import { eventsOf } from '../events.ts';
import type { Caller, CallOptions } from '../http/call.ts';
import type { BodyOf, QueryOf } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { Step, Workflow } from '../types.ts';

const service = 'workflow-service';
type Created = BodyOf<typeof service, 'POST', '/workflows'>;
type Start = BodyOf<typeof service, 'POST', '/workflows/{id}/start'>;
type Resume = BodyOf<typeof service, 'POST', '/workflows/{id}/resume'>;
type Approval = BodyOf<typeof service, 'POST', '/workflows/{id}/cancel'>;
type Resolution = BodyOf<typeof service, 'POST', '/workflows/{id}/resolve-step'>;

/** Nothing happens after it by itself. */
const ended = new Set<Workflow['status']>(['completed', 'failed', 'cancelled']);

/** What is to be done, and how far it has come. */
export function workflowsOf(caller: Caller) {
  const { call } = caller;
  const events = eventsOf(caller);

  const get = (id: string, options: CallOptions = {}): Promise<Workflow> =>
    call(service, 'GET', '/workflows/{id}', { path: { id }, ...options });

  /**
   * The workflow as it is, and again after each change of it or of its steps, until it is completed, failed or cancelled. A change
   * that is followed by another one at once may not be shown by itself.
   */
  async function* watch(
    id: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<Workflow, void, undefined> {
    // Where the feed stands comes first: what happens while the workflow is read is heard of then.
    const { next_cursor: after } = await call(service, 'GET', '/events', {
      query: { cursor: 'now' },
      ...options,
    });
    let shown = await get(id, options);
    yield shown;
    if (ended.has(shown.status)) return;
    for await (const event of events.workflows({ after, ...options })) {
      if (event.workflow_id !== id) continue;
      const workflow = await get(id, options);
      if (workflow.updated_at === shown.updated_at && JSON.stringify(workflow) === JSON.stringify(shown))
        continue;
      shown = workflow;
      yield shown;
      if (ended.has(shown.status)) return;
    }
  }

  return {
    /** Newest first. */
    list: (filter: QueryOf<typeof service, '/workflows'> = {}, options: CallOptions = {}) =>
      pages<Workflow>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/workflows', { query, ...options, signal });
        return { rows: page.workflows, next_cursor: page.next_cursor };
      }, options),

    get,

    /** Checked against samples and device first; `faults` of a refusal name every mistake at once. */
    create: (workflow: Created, options: CallOptions = {}): Promise<Workflow> =>
      call(service, 'POST', '/workflows', { body: workflow, ...options }),

    /** Books the device and begins; where it is busy, `device_busy`, or with `queue: true` it waits in line. */
    start: async (id: string, body: Start = {}, options: CallOptions = {}): Promise<Workflow> =>
      (await call(service, 'POST', '/workflows/{id}/start', { path: { id }, body, ...options })).workflow,

    /** Releases the device; `resume` books it again. */
    pause: async (id: string, body: Approval = {}, options: CallOptions = {}): Promise<Workflow> =>
      (await call(service, 'POST', '/workflows/{id}/pause', { path: { id }, body, ...options })).workflow,

    resume: async (id: string, body: Resume = {}, options: CallOptions = {}): Promise<Workflow> =>
      (await call(service, 'POST', '/workflows/{id}/resume', { path: { id }, body, ...options })).workflow,

    cancel: async (id: string, body: Approval = {}, options: CallOptions = {}): Promise<Workflow> =>
      (await call(service, 'POST', '/workflows/{id}/cancel', { path: { id }, body, ...options })).workflow,

    /** Ends it and releases the device. */
    complete: async (id: string, body: Approval = {}, options: CallOptions = {}): Promise<Workflow> =>
      (await call(service, 'POST', '/workflows/{id}/complete', { path: { id }, body, ...options })).workflow,

    /** Carries out the next step and waits for its end, at most `waitSeconds` (30; 60 at most): `step.status` is `running` where it goes on. */
    executeStep: async (
      id: string,
      { waitSeconds = 30, ...options }: CallOptions & { waitSeconds?: number } = {},
    ): Promise<{ step: Step; workflow: Workflow }> => {
      const input = { path: { id }, body: { wait_seconds: waitSeconds }, ...options };
      const { step, workflow } = await call(service, 'POST', '/workflows/{id}/execute-step', input);
      return { step, workflow };
    },

    /** Says what became of a step of which nobody could tell (`unknown`). */
    resolveStep: async (id: string, body: Resolution, options: CallOptions = {}): Promise<Workflow> =>
      (await call(service, 'POST', '/workflows/{id}/resolve-step', { path: { id }, body, ...options }))
        .workflow,

    remove: async (id: string, options: CallOptions = {}): Promise<Workflow> =>
      (await call(service, 'DELETE', '/workflows/{id}', { path: { id }, ...options })).workflow,

    watch,

    /** The workflow once it is completed, failed or cancelled, however long that takes. */
    untilEnded: async (id: string, options: { signal?: AbortSignal | undefined } = {}): Promise<Workflow> => {
      let last: Workflow | undefined;
      for await (const workflow of watch(id, options)) last = workflow;
      return last ?? get(id, options);
    },
  };
}
