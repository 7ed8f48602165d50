import type { WorkflowEventPage } from './events.ts';

/**
 * What another service may ask of the experiments. Kept by the object in the same process and by the HTTP client, and
 * one conformance suite runs on both. Every call rejects with a `Problem`: one of `workflowErrors`, `commonErrors`, or of
 * `workflowReachErrors` where nobody answers.
 */
export interface WorkflowsApi {
  /**
   * What happened after the cursor, oldest first, at most 200; waits up to `wait_seconds` for something new.
   * Without a cursor: from the oldest event that is kept. Throws `invalid_cursor`.
   */
  events(request: {
    cursor?: string;
    wait_seconds: number;
    signal?: AbortSignal;
  }): Promise<WorkflowEventPage>;
}
