import assert from 'node:assert/strict';
import { test } from 'node:test';
import { workflowsClient } from '@labwright/contract-workflows';
import { workflowsApiConformance } from '@labwright/contract-workflows/conformance';
import { isProblem } from '@labwright/kernel/errors';
import { freePort } from '@labwright/kernel/testing';
import { openLaboratory } from '../test-support/laboratory.ts';

async function harness(overHttp: boolean) {
  const lab = await openLaboratory();
  const port = overHttp ? await lab.server.listen({ host: '127.0.0.1', port: 0 }) : 0;
  return {
    api: overHttp ? workflowsClient({ url: `http://127.0.0.1:${port}` }) : lab.service.api,
    create: async () => (await lab.workflow({ steps: ['aspirate'] })).id,
    start: async (id: string) => void (await lab.post(`/workflows/${id}/start`)),
    cancel: async (id: string) => void (await lab.post(`/workflows/${id}/cancel`)),
    close: () => lab.stop(),
  };
}

workflowsApiConformance('in the same process', () => harness(false));
workflowsApiConformance('over HTTP', () => harness(true));

test('over HTTP, with nobody there: one clear error', async () => {
  const api = workflowsClient({ url: `http://127.0.0.1:${await freePort()}` });
  await assert.rejects(
    api.events({ wait_seconds: 0 }),
    (error) => isProblem(error, 'workflow_service_unreachable') && error.status === 503,
  );
});
