import {
  type IdentityApi,
  IntrospectAnswer,
  IntrospectRequest,
  JwkSet,
  RevocationPage,
} from '@labwright/contract-hub/identity';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import { demandService } from '../asking.ts';

const tags = ['identity'];
const longestWait = 30;

/** What the other services ask for, see `IdentityApi`. */
export const identityRoutes = (identity: IdentityApi) => (app: App) => {
  app.get(
    '/.well-known/jwks.json',
    {
      config: { access: 'public' },
      schema: {
        summary: 'The public keys of access tokens',
        tags,
        response: answers({ 200: JwkSet }),
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'public, max-age=300');
      return identity.jwks();
    },
  );

  app.get(
    '/revocations',
    {
      config: { access: 'operator' },
      schema: {
        summary: 'What was revoked before its time, for services',
        description:
          'Waits for the first one after `after`, at most `wait` seconds. `next` goes into `after` of the next request.',
        tags,
        querystring: Type.Object(
          {
            after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0 })),
            wait: Type.Optional(Type.Integer({ minimum: 0, maximum: longestWait, default: 0 })),
          },
          { additionalProperties: false },
        ),
        response: answers({ 200: RevocationPage }),
      },
    },
    ({ query: { after = 0, wait = 0 }, signal }) => {
      demandService();
      return identity.revocations({ after, wait, signal });
    },
  );

  app.post(
    '/tokens/introspect',
    {
      config: { access: 'operator', secretAnswer: true },
      schema: {
        summary: 'Whom an API token stands for, for services',
        tags,
        body: IntrospectRequest,
        response: answers({ 200: IntrospectAnswer }),
      },
    },
    async ({ body }) => {
      demandService();
      return { holder: await identity.introspect(body.token) };
    },
  );
};
