import { errorCatalogue } from '@labwright/kernel/errors';
import { createCaller } from '@labwright/kernel/http-client';
import type { WorkflowsApi } from './api.ts';
import type { WorkflowEventPage } from './events.ts';

/** How a call to workflow-service can fail without an answer. */
export const workflowReachErrors = errorCatalogue({
  workflow_service_unreachable: {
    status: 503,
    title: 'workflow-service does not answer',
    remedy: 'Try again after Retry-After; if it stays so, start workflow-service.',
  },
});

/** `WorkflowsApi` over HTTP. Carries the request id and the trace of the current request with it. */
export function workflowsClient(options: {
  /** `http://host:port` */
  url: string;
  /** Milliseconds until an answer must be there, beside the time that the call itself may wait. */
  timeout?: number;
  /** Of each request: by which workflow-service knows who asks. */
  headers?: () => Record<string, string>;
}): WorkflowsApi {
  // Whatever is asked is only read: no answer is as good as no request.
  const silent = (detail: string, more: object) =>
    workflowReachErrors.problem('workflow_service_unreachable', detail, more);
  const ask = createCaller({
    ...options,
    service: 'workflow-service',
    setting: 'WORKFLOW_SERVICE_URL',
    unreachable: silent,
    noAnswer: silent,
  });
  return {
    events: ({ cursor, wait_seconds, signal }) => {
      const query = new URLSearchParams({ wait_seconds: String(wait_seconds) });
      if (cursor) query.set('cursor', cursor);
      return ask<WorkflowEventPage>('GET', `/events?${query}`, { waitSeconds: wait_seconds, signal });
    },
  };
}
