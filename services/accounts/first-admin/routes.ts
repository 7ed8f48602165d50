import { Deliver, Email, NewPassword, PersonName, Secret, SignedIn } from '@labwright/contract-hub/accounts';
import { type App, answers, nullable } from '@labwright/kernel/http';
import Type from 'typebox';
import type { AccountsDeps } from '../deps.ts';
import { clientOf, deliver, mustReach } from '../sessions/routes.ts';
import { needsSetup, setUp } from './setup.ts';

const tags = ['setup'];

/** `isDone`: told once there is an administrator. */
export const setupRoutes = (deps: AccountsDeps, isDone: () => Promise<void>) => (app: App) => {
  app.get(
    '/setup',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Whether the first administrator is still to be made, and where people sign in',
        tags,
        response: answers({
          200: Type.Object({
            needed: Type.Boolean(),
            sign_in_url: nullable(
              Type.String({
                description: 'Where people sign in over https: HUB_PUBLIC_URL, where it is https.',
              }),
            ),
          }),
        }),
      },
    },
    async () => ({ needed: await needsSetup(deps.db), sign_in_url: deps.signInUrl }),
  );

  app.post(
    '/setup',
    {
      config: { access: 'public', secretAnswer: true },
      schema: {
        summary: 'Make the first administrator, and sign in',
        description:
          'With the setup token: the file `setup-token` in LABWRIGHT_HOME of hub-service, or LABWRIGHT_SETUP_TOKEN. In a laboratory that trusts this machine it may be left out.',
        tags,
        body: Type.Object(
          {
            token: Type.Optional(Secret),
            name: PersonName,
            email: Email,
            password: NewPassword,
            deliver: Type.Optional(Deliver),
          },
          { additionalProperties: false },
        ),
        response: answers({ 201: SignedIn }),
      },
    },
    async (request, reply) => {
      const { deliver: how, ...body } = request.body;
      mustReach(deps, request, how);
      const trusted = request.principal?.kind === 'local';
      const opened = await setUp(deps, { ...body, id: request.actionId, trusted }, clientOf(request));
      await isDone();
      return reply.code(201).send(deliver(deps, request, reply, { opened, how }));
    },
  );
};
