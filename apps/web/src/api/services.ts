import type { paths as DevicePaths } from '@labwright/client/openapi/device-service';
import type { paths as HubPaths } from '@labwright/client/openapi/hub-service';
import type { paths as WorkflowPaths } from '@labwright/client/openapi/workflow-service';
import createClient, { type Middleware } from 'openapi-fetch';
import { approvedFetch } from './approvals.ts';
import { queriesOf } from './queries.ts';
import { randomId } from './random-id.ts';

/** Sent again after a lost answer, a request is not done again. */
const idempotencyKeys: Middleware = {
  onRequest: ({ request }) => {
    if (request.method === 'POST' && !request.headers.has('idempotency-key'))
      request.headers.set('idempotency-key', randomId());
    return request;
  },
};

function client<Paths extends object>(baseUrl: string) {
  const made = createClient<Paths>({ baseUrl, fetch: approvedFetch });
  made.use(idempotencyKeys);
  return made;
}

/** The three services as a browser reaches them: the hub itself, and the other two through its gateway. */
export const devices = client<DevicePaths>('/api/device-service');
export const workflows = client<WorkflowPaths>('/api/workflow-service');
export const hub = client<HubPaths>('/');

/** What is read, for `useQuery` and `useInfiniteQuery`: `useQuery(fromDevices.read('/devices/{id}', { params: { path: { id } } }))`. */
export const fromDevices = queriesOf<DevicePaths>('device-service', devices);
export const fromWorkflows = queriesOf<WorkflowPaths>('workflow-service', workflows);
export const fromHub = queriesOf<HubPaths>('hub-service', hub);
