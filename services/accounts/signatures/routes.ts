import { SignAnswer, SignRequest } from '@labwright/contract-hub/signatures';
import { type App, answers } from '@labwright/kernel/http';
import { signedInUser } from '../asking.ts';
import type { AccountsDeps } from '../deps.ts';
import { sign } from './sign.ts';

export const signatureRoutes = (deps: AccountsDeps) => (app: App) => {
  app.post(
    '/signatures',
    {
      config: { access: 'viewer', secretAnswer: true },
      schema: {
        summary:
          'Sign something electronically, with the password again, and a code of the second factor where there is one',
        description:
          'Answers a statement for `signature` of one request: for this action on this subject, by you, within five minutes. It is kept in the audit trail of what was signed, with your name, the time and the meaning (21 CFR 11.50, 11.70, 11.200).',
        tags: ['signatures'],
        body: SignRequest,
        response: answers({ 201: SignAnswer }),
      },
    },
    async ({ body, ip }, reply) =>
      reply.code(201).send(await sign(deps, { ...body, userId: signedInUser().id, address: ip })),
  );
};
