import { CheckAnswer, CheckRequest, type DevicesApi } from '@labwright/contract-devices';
import { type App, answers } from '@labwright/kernel/http';
import { DeviceParams } from './routes.ts';

export const checkRoute = (checkOperation: DevicesApi['checkOperation']) => (app: App) => {
  app.post(
    '/devices/:id/check',
    {
      config: { access: 'viewer', scope: 'devices:read' },
      schema: {
        summary: 'Check the parameters of an operation without doing it',
        tags: ['devices'],
        params: DeviceParams,
        body: CheckRequest,
        response: answers({ 200: CheckAnswer }),
      },
    },
    async ({ params, body }) => ({
      faults: await checkOperation({ device_id: params.id, parameters: {}, ...body }),
    }),
  );
};
