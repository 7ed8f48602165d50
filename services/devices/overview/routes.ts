import { DeviceStatus, OverviewPage } from '@labwright/contract-devices';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { DevicesDeps } from '../deps.ts';
import { deviceOverview } from './overview.ts';

const Query = Type.Object(
  {
    ...PageQuery,
    status: Type.Optional(DeviceStatus),
    type: Type.Optional(Type.String({ maxLength: 50 })),
    capability: Type.Optional(Type.String({ maxLength: 64, description: 'An operation that it can do.' })),
  },
  { additionalProperties: false },
);

export const overviewRoutes = (deps: DevicesDeps) => (app: App) => {
  app.get(
    '/overview',
    {
      config: { access: 'viewer' },
      schema: {
        summary:
          'The whole laboratory: each device with its holder, what it does, its queue and when it is free',
        tags: ['devices'],
        querystring: Query,
        response: answers({ 200: OverviewPage }),
      },
    },
    ({ query }) => deviceOverview(deps, { limit: 50, ...query }),
  );
};
