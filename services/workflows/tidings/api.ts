import type { WorkflowEvent, WorkflowsApi } from '@labwright/contract-workflows';
import type { Feed } from '@labwright/feed';
import { toProblem } from '@labwright/kernel/http/problems';
import type { CoreDeps } from '../deps.ts';

/** Answers exactly as the HTTP routes do: every error a `Problem`. */
export function createWorkflowsApi(deps: CoreDeps, feed: Feed<WorkflowEvent>): WorkflowsApi {
  return {
    events: async (request) => {
      request.signal?.throwIfAborted();
      const page = await feed.read(request).catch((error) => {
        const problem = toProblem(error);
        if (problem.code === 'internal_error') deps.log.error({ err: error }, problem.message);
        throw problem;
      });
      request.signal?.throwIfAborted();
      return page;
    },
  };
}
