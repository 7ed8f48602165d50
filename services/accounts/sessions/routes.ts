import {
  Asking,
  Challenged,
  Code,
  Deliver,
  Email,
  GivenPassword,
  NewPassword,
  Secret,
  SessionPage,
  SignedIn,
} from '@labwright/contract-hub/accounts';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { currentAsking, signedInUser } from '../asking.ts';
import type { AccountsDeps } from '../deps.ts';
import { timestamp } from '../deps.ts';
import { acceptInvitation } from '../people/invitations.ts';
import { toUser } from '../people/user-row.ts';
import { clearCookies, refreshTokenOf, refuseLostCookies, sessionOf, setCookies } from './cookies.ts';
import { endOwnSession, listSessions } from './list-sessions.ts';
import type { Client, Opened } from './open-session.ts';
import { refresh } from './refresh.ts';
import { secondStep } from './second-step.ts';
import { signIn } from './sign-in.ts';
import { signOut } from './sign-out.ts';

const tags = ['sessions'];
const closed = { additionalProperties: false };
/** Anybody may try; what is answered is for nobody else, and kept nowhere. */
const door = { access: 'public', secretAnswer: true } as const;

export const clientOf = ({ ip, headers }: FastifyRequest): Client => ({
  address: ip,
  userAgent: headers['user-agent']?.slice(0, 300) ?? null,
});

/** Before anything is done for cookies that would be lost. */
export function mustReach(deps: AccountsDeps, request: FastifyRequest, how: 'cookies' | 'body' = 'cookies') {
  if (how === 'cookies') refuseLostCookies(request, deps.signInUrl);
}

/** The tokens, where they were asked for. */
export function deliver(
  deps: AccountsDeps,
  request: FastifyRequest,
  reply: FastifyReply,
  { opened, how = 'cookies' }: { opened: Opened; how: 'cookies' | 'body' | undefined },
) {
  if (how === 'cookies') setCookies(request, reply, opened, deps.clock.now());
  return {
    status: 'signed_in' as const,
    user: toUser(opened.user),
    session_id: opened.sessionId,
    expires_at: timestamp(opened.access.expiresAt),
    ...(how === 'body' ? { access_token: opened.access.token, refresh_token: opened.refresh.token } : {}),
  };
}

export const sessionRoutes = (deps: AccountsDeps) => (app: App) => {
  app.get(
    '/session',
    {
      config: { access: 'viewer' },
      schema: {
        summary:
          'As whom you are known here: a person, a token, or whoever sits at a laboratory without accounts',
        tags,
        response: answers({ 200: Asking }),
      },
    },
    async () => currentAsking(),
  );

  app.post(
    '/session',
    {
      config: { ...door, limitClass: 'sign-in' },
      schema: {
        summary: 'Sign in',
        description:
          'With a second factor the answer is a challenge. Cookies are `HttpOnly`, `SameSite` and, but for http on this very machine, `Secure`.',
        tags,
        body: Type.Object({ email: Email, password: GivenPassword, deliver: Type.Optional(Deliver) }, closed),
        response: answers({ 200: Type.Union([SignedIn, Challenged]) }),
      },
    },
    async (request, reply) => {
      mustReach(deps, request, request.body.deliver);
      const result = await signIn(deps, request.body, clientOf(request));
      if ('challenge' in result)
        return { status: 'second_factor_required' as const, challenge: result.challenge };
      return deliver(deps, request, reply, { opened: result.opened, how: request.body.deliver });
    },
  );

  app.post(
    '/session/second-factor',
    {
      config: { ...door, limitClass: 'sign-in' },
      schema: {
        summary: 'The code that signing in asked for',
        tags,
        body: Type.Object({ challenge: Secret, code: Code, deliver: Type.Optional(Deliver) }, closed),
        response: answers({ 200: SignedIn }),
      },
    },
    async (request, reply) => {
      mustReach(deps, request, request.body.deliver);
      const opened = await secondStep(deps, request.body, clientOf(request));
      return deliver(deps, request, reply, { opened, how: request.body.deliver });
    },
  );

  app.post(
    '/session/refresh',
    {
      config: { ...door, bodyOptional: true },
      schema: {
        summary: 'New tokens for a refresh token, from its cookie or the body',
        description: 'Each is good once: one that is shown again ends the session.',
        tags,
        body: Type.Object({ refresh_token: Type.Optional(Secret) }, closed),
        response: answers({ 200: SignedIn }),
      },
    },
    async (request, reply) => {
      const { refresh_token: given } = request.body;
      try {
        const opened = await refresh(deps, given ?? refreshTokenOf(request) ?? '');
        return deliver(deps, request, reply, { opened, how: given === undefined ? 'cookies' : 'body' });
      } catch (error) {
        if (given === undefined) clearCookies(reply);
        throw error;
      }
    },
  );

  app.delete(
    '/session',
    {
      config: door,
      schema: {
        summary: 'Sign out: the session ends at once, everywhere',
        description: 'By its cookies or its access token. Also where it is over already.',
        tags,
        response: answers({ 204: Type.Null({ description: 'Done.' }) }),
      },
    },
    async (request, reply) => {
      await signOut(deps, { refreshToken: refreshTokenOf(request), sessionId: sessionOf(request) });
      clearCookies(reply);
      return reply.code(204).send(null);
    },
  );

  app.post(
    '/invitations/accept',
    {
      config: { ...door, limitClass: 'sign-in' },
      schema: {
        summary: 'Set the password with an invitation, and sign in',
        description: 'Where the account has a second factor, only the password is set: sign in then.',
        tags,
        body: Type.Object({ token: Secret, password: NewPassword, deliver: Type.Optional(Deliver) }, closed),
        response: answers({
          200: Type.Union([SignedIn, Type.Object({ status: Type.Literal('password_set') })]),
        }),
      },
    },
    async (request, reply) => {
      mustReach(deps, request, request.body.deliver);
      const { opened } = await acceptInvitation(deps, request.body, clientOf(request));
      if (!opened) return { status: 'password_set' as const };
      return deliver(deps, request, reply, { opened, how: request.body.deliver });
    },
  );

  app.get(
    '/me/sessions',
    {
      schema: {
        summary: 'Where you are signed in',
        tags,
        querystring: Type.Object(PageQuery, closed),
        response: answers({ 200: SessionPage }),
      },
    },
    (request) => {
      const { limit = 50, ...query } = request.query;
      const { id } = signedInUser();
      return listSessions(deps, { userId: id, current: sessionOf(request), limit, ...query });
    },
  );

  app.delete(
    '/me/sessions/:id',
    {
      config: { access: 'viewer' },
      schema: {
        summary: 'End one of your sessions, at once',
        tags,
        params: Type.Object({ id: Type.String() }),
        response: answers({ 204: Type.Null({ description: 'Done.' }) }),
      },
    },
    async ({ params }, reply) => {
      await endOwnSession(deps, signedInUser(), params.id);
      return reply.code(204).send(null);
    },
  );
};
