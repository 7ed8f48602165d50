import { Email, Invitation, PersonName, Role, User, UserPage } from '@labwright/contract-hub/accounts';
import { type App, answers, nullable, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import type { AccountsDeps } from '../deps.ts';
import { resetSecondFactor } from '../second-factor/manage.ts';
import { changeUser, lockUser, unlockUser } from './change-user.ts';
import { createUser } from './create-user.ts';
import { findUser } from './find-user.ts';
import { inviteAgain } from './invitations.ts';
import { listUsers } from './list-users.ts';
import { toUser } from './user-row.ts';

const tags = ['accounts'];
const closed = { additionalProperties: false };
const admin = { access: 'admin' } as const;
const params = Type.Object({ id: Type.String({ description: 'The id of the account.' }) });
const Reason = Type.String({ minLength: 1, maxLength: 500, examples: ['has left the laboratory'] });

export const peopleRoutes = (deps: AccountsDeps) => (app: App) => {
  app.post(
    '/users',
    {
      config: { ...admin, secretAnswer: true },
      schema: {
        summary: 'Make an account',
        description:
          'Hand the invitation on to its owner, who sets the password with it. With `password_hash` (bcrypt or argon2id, from another system) there is none: the password of before goes on working.',
        tags,
        body: Type.Object(
          {
            name: PersonName,
            email: Email,
            role: Role,
            password_hash: Type.Optional(Type.String({ maxLength: 300 })),
          },
          closed,
        ),
        response: answers({ 201: Type.Object({ user: User, invitation: nullable(Invitation) }) }),
      },
    },
    async ({ body: { password_hash: passwordHash, ...person }, actionId }, reply) => {
      const made = await createUser(deps, {
        id: actionId,
        ...person,
        ...(passwordHash ? { passwordHash } : {}),
      });
      return reply.code(201).header('location', `/users/${made.user.id}`).send(made);
    },
  );

  app.get(
    '/users',
    {
      config: admin,
      schema: {
        summary: 'Accounts by address',
        tags,
        querystring: Type.Object({ ...PageQuery, email: Type.Optional(Email) }, closed),
        response: answers({ 200: UserPage }),
      },
    },
    ({ query: { limit = 50, ...query } }) => listUsers(deps, { limit, ...query }),
  );

  app.get(
    '/users/:id',
    { config: admin, schema: { summary: 'One account', tags, params, response: answers({ 200: User }) } },
    async (request) => toUser(await findUser(deps.db, request.params.id)),
  );

  app.patch(
    '/users/:id',
    {
      config: admin,
      schema: {
        summary: 'Change name or role; a new role holds at once',
        tags,
        params,
        body: Type.Object(
          {
            name: Type.Optional(PersonName),
            role: Type.Optional(Role),
            reason: Type.Optional(Reason),
          },
          { ...closed, minProperties: 1 },
        ),
        response: answers({ 200: User }),
      },
    },
    (request) => changeUser(deps, { userId: request.params.id, ...request.body }),
  );

  app.post(
    '/users/:id/lock',
    {
      config: admin,
      schema: {
        summary: 'Let nothing of this person work any more, at once and everywhere',
        tags,
        params,
        body: Type.Object({ reason: Reason }, closed),
        response: answers({ 200: User }),
      },
    },
    (request) => lockUser(deps, { userId: request.params.id, ...request.body }),
  );

  app.post(
    '/users/:id/unlock',
    {
      config: { ...admin, bodyOptional: true },
      schema: {
        summary: 'Let this person sign in again',
        tags,
        params,
        body: Type.Object({ reason: Type.Optional(Reason) }, closed),
        response: answers({ 200: User }),
      },
    },
    (request) => unlockUser(deps, { userId: request.params.id, ...request.body }),
  );

  app.post(
    '/users/:id/invitation',
    {
      config: { ...admin, secretAnswer: true },
      schema: {
        summary: 'A new invitation, also for a forgotten password',
        tags,
        params,
        response: answers({ 201: Invitation }),
      },
    },
    async (request, reply) => reply.code(201).send(await inviteAgain(deps, request.params.id)),
  );

  app.post(
    '/users/:id/second-factor/remove',
    {
      config: admin,
      schema: {
        summary: 'Remove the second factor of somebody who lost it',
        tags,
        params,
        body: Type.Object({ reason: Reason }, closed),
        response: answers({ 204: Type.Null({ description: 'Done.' }) }),
      },
    },
    async (request, reply) => {
      await resetSecondFactor(deps, request.params.id, request.body.reason);
      return reply.code(204).send(null);
    },
  );
};
