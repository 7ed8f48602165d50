import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { isProblem } from '@labwright/kernel/errors';
import type { WorkflowsApi } from './api.ts';

/** A keeper of `WorkflowsApi` with what a test needs beside it. */
export interface WorkflowsApiHarness {
  readonly api: WorkflowsApi;
  /** Makes a workflow of one step on a free device; answers its id. */
  create(): Promise<string>;
  start(id: string): Promise<void>;
  cancel(id: string): Promise<void>;
  close(): Promise<void>;
}

/** The promises of `WorkflowsApi`, for every keeper: the object in the process and the client over HTTP. */
export function workflowsApiConformance(name: string, make: () => Promise<WorkflowsApiHarness>): void {
  describe(`WorkflowsApi: ${name}`, () => {
    let harness: WorkflowsApiHarness;
    let api: WorkflowsApi;
    before(async () => {
      harness = await make();
      api = harness.api;
    });
    after(() => harness.close());

    /** The cursor behind everything that has happened. */
    const now = async (): Promise<string> => {
      let cursor: string | undefined;
      for (;;) {
        const page = await api.events({ ...(cursor ? { cursor } : {}), wait_seconds: 0 });
        cursor = page.next_cursor;
        if (page.events.length === 0) return cursor;
      }
    };

    test('events: each once, in order, from the cursor on', async () => {
      const from = await now();
      const id = await harness.create();
      await harness.start(id);
      await harness.cancel(id);
      const { events, next_cursor } = await api.events({ cursor: from, wait_seconds: 10 });
      assert.deepEqual(
        events.map(({ type, workflow_id, data }) => [type, workflow_id, data.previous, data.status, data.by]),
        [
          ['workflow.created', id, null, 'created', null],
          ['workflow.changed', id, 'created', 'running', 'start'],
          ['workflow.changed', id, 'running', 'cancelled', 'cancel'],
        ],
      );
      assert.deepEqual(await api.events({ cursor: next_cursor, wait_seconds: 0 }), {
        events: [],
        next_cursor,
      });
    });

    test('events: waiting ends with the next event or the signal; a cursor that is none is refused', async () => {
      const waiting = api.events({ cursor: await now(), wait_seconds: 60 });
      const id = await harness.create();
      assert.equal((await waiting).events[0]?.workflow_id, id);

      const gone = new AbortController();
      const ended = api.events({ cursor: await now(), wait_seconds: 60, signal: gone.signal });
      gone.abort(new Error('had enough'));
      await assert.rejects(ended, /had enough/);
      await assert.rejects(
        api.events({ cursor: 'nonsense', wait_seconds: 0 }),
        (error) => isProblem(error, 'invalid_cursor') && error.status === 400,
      );
    });
  });
}
