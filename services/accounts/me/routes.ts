import { Code, GivenPassword, NewPassword, User } from '@labwright/contract-hub/accounts';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import { signedInUser } from '../asking.ts';
import type { AccountsDeps } from '../deps.ts';
import { changePassword } from '../passwords/set-password.ts';
import { findUser } from '../people/find-user.ts';
import { toUser } from '../people/user-row.ts';
import {
  confirmSecondFactor,
  offerSecondFactor,
  removeOwnSecondFactor,
  renewRecoveryCodes,
} from '../second-factor/manage.ts';
import { sessionOf } from '../sessions/cookies.ts';

const tags = ['me'];
const closed = { additionalProperties: false };
const own = { access: 'viewer' } as const;
const ownSecret = { ...own, secretAnswer: true } as const;
const RecoveryCodes = Type.Object({
  recovery_codes: Type.Array(Type.String(), {
    description: 'Shown once. Each signs in once, in place of a code.',
  }),
});
const Both = Type.Object({ password: GivenPassword, code: Code }, closed);
const Done = Type.Null({ description: 'Done.' });

export const meRoutes = (deps: AccountsDeps) => (app: App) => {
  app.get('/me', { schema: { summary: 'Who you are', tags, response: answers({ 200: User }) } }, async () =>
    toUser(await findUser(deps.db, signedInUser().id)),
  );

  app.post(
    '/me/password',
    {
      config: ownSecret,
      schema: {
        summary: 'Change the password; all your other sessions end',
        tags,
        body: Type.Object({ password: GivenPassword, new_password: NewPassword }, closed),
        response: answers({ 204: Done }),
      },
    },
    async (request, reply) => {
      const { password, new_password: newPassword } = request.body;
      await changePassword(deps, {
        userId: signedInUser().id,
        password,
        newPassword,
        sessionId: sessionOf(request),
        address: request.ip,
      });
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/me/second-factor',
    {
      config: ownSecret,
      schema: {
        summary: 'Begin a second factor: a secret for an authenticator app',
        tags,
        body: Type.Object({ password: GivenPassword }, closed),
        response: answers({
          200: Type.Object({
            secret: Type.String({ description: 'Base32.' }),
            url: Type.String({ description: '`otpauth://…`, for a QR code.' }),
          }),
        }),
      },
    },
    ({ body, ip }) => offerSecondFactor(deps, { userId: signedInUser().id, ...body, address: ip }),
  );

  app.post(
    '/me/second-factor/confirm',
    {
      config: ownSecret,
      schema: {
        summary: 'A first code: from now on one is asked for at each sign-in',
        tags,
        body: Type.Object({ code: Type.String({ pattern: '^[0-9]{6}$' }) }, closed),
        response: answers({ 200: RecoveryCodes }),
      },
    },
    ({ body, ip }) => confirmSecondFactor(deps, { userId: signedInUser().id, ...body, address: ip }),
  );

  app.post(
    '/me/second-factor/recovery-codes',
    {
      config: ownSecret,
      schema: {
        summary: 'New recovery codes in place of the old ones',
        tags,
        body: Both,
        response: answers({ 200: RecoveryCodes }),
      },
    },
    ({ body, ip }) => renewRecoveryCodes(deps, { userId: signedInUser().id, ...body, address: ip }),
  );

  app.post(
    '/me/second-factor/remove',
    {
      config: ownSecret,
      schema: { summary: 'Remove the second factor', tags, body: Both, response: answers({ 204: Done }) },
    },
    async ({ body, ip }, reply) => {
      await removeOwnSecondFactor(deps, { userId: signedInUser().id, ...body, address: ip });
      return reply.code(204).send(null);
    },
  );
};
