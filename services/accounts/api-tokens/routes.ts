import { ApiToken, ApiTokenPage, PersonName, Role, Scope } from '@labwright/contract-hub/accounts';
import { type App, answers, nullable, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { AccountsDeps } from '../deps.ts';
import { createApiToken } from './create.ts';
import { listApiTokens } from './list.ts';
import { revokeApiTokenById } from './revoke.ts';

const tags = ['api tokens'];
const closed = { additionalProperties: false };

export const apiTokenRoutes = (deps: AccountsDeps) => (app: App) => {
  app.post(
    '/api-tokens',
    {
      config: { access: 'viewer', secretAnswer: true },
      schema: {
        summary: 'A token for a machine: `Authorization: Bearer lw_…`',
        tags,
        body: Type.Object(
          {
            name: PersonName,
            role: Role,
            scopes: Type.Optional(
              nullable(
                Type.Array(Scope, {
                  minItems: 1,
                  maxItems: 50,
                  uniqueItems: true,
                  description:
                    '`devices:read`, `workflows:write`, …; whoever may write may read. Left out: all that the role allows.',
                }),
              ),
            ),
            expires_in_days: Type.Optional(
              nullable(
                Type.Integer({
                  minimum: 1,
                  maximum: 3_650,
                  description: '365 where it is left out; null: never.',
                }),
              ),
            ),
          },
          closed,
        ),
        response: answers({
          201: Type.Object({ api_token: ApiToken, token: Type.String({ description: 'Shown once.' }) }),
        }),
      },
    },
    async ({ body, actionId }, reply) => {
      const { name, role, scopes = null, expires_in_days: days = 365 } = body;
      const made = await createApiToken(deps, { id: actionId, name, role, scopes, days });
      return reply.code(201).send(made);
    },
  );

  app.get(
    '/api-tokens',
    {
      schema: {
        summary: 'Your tokens, newest first; all of them for administrators',
        tags,
        querystring: Type.Object(PageQuery, closed),
        response: answers({ 200: ApiTokenPage }),
      },
    },
    ({ query: { limit = 50, ...query } }) => listApiTokens(deps, { limit, ...query }),
  );

  app.delete(
    '/api-tokens/:id',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'Revoke a token, at once and everywhere',
        tags,
        params: Type.Object({ id: Type.String() }),
        response: answers({ 204: Type.Null({ description: 'Done.' }) }),
      },
    },
    async ({ params }, reply) => {
      await revokeApiTokenById(deps, params.id);
      return reply.code(204).send(null);
    },
  );
};
