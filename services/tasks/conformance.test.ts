import { tasksClient } from '@labwright/contract-hub/tasks';
import { tasksApiConformance } from '@labwright/contract-hub/tasks/conformance';
import { openOffice } from './testing/office.ts';

async function harness(overHttp: boolean) {
  const office = await openOffice();
  const port = overHttp ? await office.server.listen({ host: '127.0.0.1', port: 0 }) : 0;
  const url = `http://127.0.0.1:${port}`;
  return {
    api: overHttp ? tasksClient({ url, headers: async () => ({ 'x-who': 'adam' }) }) : office.module.api,
    complete: async (id: string, values: object) => {
      await office.ask('adam', 'POST', `/tasks/${id}/complete`, { values });
    },
    cancel: async (id: string) => {
      await office.ask('adam', 'POST', `/tasks/${id}/cancel`, { reason: 'the plate broke' });
    },
    reopen: async (id: string) =>
      (await office.ask('adam', 'POST', `/tasks/${id}/reopen`, { reason: 'x' })).body.code,
    changeForm: async (id: string) =>
      (await office.ask('adam', 'PATCH', `/tasks/${id}`, { fields: [] }, { 'if-match': '*' })).body.code,
    close: office.stop,
  };
}

tasksApiConformance('in the same process', () => harness(false));
tasksApiConformance('over HTTP', () => harness(true));
