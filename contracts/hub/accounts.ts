import { errorCatalogue } from '@labwright/kernel/errors';
import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http';
import { roles } from '@labwright/kernel/identity';
import Type, { type Static } from 'typebox';

export const accountErrors = errorCatalogue({
  invalid_credentials: {
    status: 401,
    title: 'Address or password is wrong',
    remedy: 'Try again, or ask an administrator for a link that sets a new password.',
  },
  sign_in_needs_https: {
    status: 403,
    title: 'Signing in needs https',
    remedy:
      'Open the laboratory over https (put TLS before it and set HUB_PUBLIC_URL), or on its own machine as http://localhost. A program takes the tokens with `"deliver": "body"`.',
  },
  code_required: {
    status: 403,
    title: 'A code of the second factor is missing',
    remedy: 'Send one in `code`: six digits of the authenticator, or a recovery code.',
  },
  wrong_code: {
    status: 403,
    title: 'The code is wrong or was used already',
    remedy:
      'Wait for the next code of the authenticator, look at the clock of both machines, or use a recovery code.',
  },
  account_locked: {
    status: 403,
    title: 'The account is locked',
    remedy: 'Ask an administrator of the laboratory.',
  },
  too_many_attempts: {
    status: 429,
    title: 'Too many attempts to sign in',
    remedy: 'Wait for the time that Retry-After names.',
  },
  session_ended: {
    status: 401,
    title: 'The session is over',
    remedy: 'Sign in again.',
  },
  people_only: {
    status: 403,
    title: 'This is for people who signed in',
    remedy: 'Sign in with address and password; API tokens and the local user have no account of their own.',
  },
  weak_password: {
    status: 400,
    title: 'The password cannot be taken',
    remedy: '12 to 256 characters, neither your name nor your address. A sentence is good.',
  },
  setup_done: {
    status: 409,
    title: 'The laboratory has accounts already',
    remedy: 'Sign in, or ask an administrator for an invitation.',
  },
  wrong_setup_token: {
    status: 403,
    title: 'The setup token is wrong',
    remedy:
      'It stands in the file `setup-token` in LABWRIGHT_HOME of hub-service, or is what LABWRIGHT_SETUP_TOKEN says.',
  },
  user_not_found: {
    status: 404,
    title: 'There is no such account',
    remedy: '`GET /users` lists them.',
  },
  email_taken: {
    status: 409,
    title: 'Another account has this address',
    remedy: '`GET /users?email=` finds it.',
  },
  last_administrator: {
    status: 409,
    title: 'Nobody would be left who may manage accounts',
    remedy: 'Make somebody else an administrator first.',
  },
  invitation_invalid: {
    status: 404,
    title: 'The invitation is not valid any more',
    remedy: 'It is good once and for seven days. Ask an administrator for a new one.',
  },
  second_factor_set: {
    status: 409,
    title: 'The account has a second factor already',
    remedy: 'Remove it first with `POST /me/second-factor/remove`.',
  },
  second_factor_missing: {
    status: 409,
    title: 'The account has no second factor',
    remedy: '`POST /me/second-factor` begins one.',
  },
  session_not_found: {
    status: 404,
    title: 'You have no such session',
    remedy: '`GET /me/sessions` lists them.',
  },
  api_token_not_found: {
    status: 404,
    title: 'There is no such API token',
    remedy: '`GET /api-tokens` lists them.',
  },
  too_many_rights: {
    status: 403,
    title: 'A token cannot have more rights than you',
    remedy: 'Ask for your own role or a lower one.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    remedy: 'Use `next_cursor` of an earlier answer, unchanged.',
  },
});

export const Role = Type.Enum(roles, { title: 'Role', description: 'viewer < scientist < operator < admin' });
export const Email = Type.String({
  pattern: '^[A-Za-z0-9_+-]+(\\.[A-Za-z0-9_+-]+)*@([A-Za-z0-9][A-Za-z0-9-]*\\.)+[A-Za-z]{2,}$',
  maxLength: 254,
  description: 'Upper and lower case are the same.',
  examples: ['ada@example.org'],
});
export const NewPassword = Type.String({ minLength: 12, maxLength: 256 });
export const GivenPassword = Type.String({ minLength: 1, maxLength: 256 });
/** Not of spaces alone: it is stored without those around it. */
export const PersonName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^[^\\x00-\\x1f]*[^\\s\\x00-\\x1f][^\\x00-\\x1f]*$',
});
/** What we gave out ourselves: any text may come back. */
export const Secret = Type.String({ minLength: 1, maxLength: 200 });
export const Code = Type.String({
  pattern: '^[0-9]{6}$|^[A-Za-z0-9]{4}(-?[A-Za-z0-9]{4}){3}$',
  description: 'Six digits of the authenticator, or a recovery code.',
  examples: ['123456'],
});
export const Deliver = Type.Enum(['cookies', 'body'] as const, {
  title: 'Deliver',
  description: 'Where the tokens go: into cookies that no script sees, or into this answer, for programs.',
  default: 'cookies',
});

export const User = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    email: Type.String(),
    role: Role,
    state: Type.Enum(['invited', 'active', 'locked'] as const),
    lock_reason: nullable(Type.String()),
    second_factor: Type.Boolean(),
    created_at: Timestamp,
  },
  { title: 'User' },
);
export type User = Static<typeof User>;
export const UserPage = Type.Object(
  { users: Type.Array(User), next_cursor: NextCursor },
  { title: 'UserPage' },
);

export const Invitation = Type.Object(
  {
    token: Type.String({
      description: 'Shown once: for `POST /invitations/accept`. Who has it sets the password.',
    }),
    expires_at: Timestamp,
  },
  { title: 'Invitation' },
);
export type Invitation = Static<typeof Invitation>;

export const Asking = Type.Object(
  {
    kind: Type.Enum(['user', 'token', 'service', 'local'] as const, {
      description:
        '`local`: the laboratory has no accounts, and trusts whoever sits at its machine; `user`: a person, of whom `GET /me` says more.',
    }),
    id: Type.String(),
    name: Type.String(),
    role: Role,
  },
  { title: 'Asking' },
);
export type Asking = Static<typeof Asking>;

export const SignedIn = Type.Object(
  {
    status: Type.Literal('signed_in'),
    user: User,
    session_id: Type.String(),
    expires_at: { ...Timestamp, description: 'When the access token is over: refresh before.' },
    access_token: Type.Optional(Type.String({ description: 'With `"deliver": "body"` only.' })),
    refresh_token: Type.Optional(Type.String({ description: 'With `"deliver": "body"` only.' })),
  },
  { title: 'SignedIn' },
);
export type SignedIn = Static<typeof SignedIn>;
export const Challenged = Type.Object(
  {
    status: Type.Literal('second_factor_required'),
    challenge: Type.String({ description: 'For `POST /session/second-factor`, within ten minutes.' }),
  },
  { title: 'Challenged' },
);
export type Challenged = Static<typeof Challenged>;

export const Session = Type.Object(
  {
    id: Type.String(),
    current: Type.Boolean({ description: 'It is the one that asks.' }),
    ip_address: nullable(Type.String()),
    user_agent: nullable(Type.String()),
    created_at: Timestamp,
    updated_at: { ...Timestamp, description: 'Its last refresh.' },
    expires_at: Timestamp,
  },
  { title: 'Session' },
);
export const SessionPage = Type.Object(
  { sessions: Type.Array(Session), next_cursor: NextCursor },
  { title: 'SessionPage' },
);

export const ApiToken = Type.Object(
  {
    id: Type.String(),
    hint: Type.String({ description: 'How it begins.' }),
    name: Type.String(),
    role: Role,
    scopes: nullable(Type.Array(Type.String())),
    owner_id: nullable(Type.String()),
    created_at: Timestamp,
    expires_at: nullable(Timestamp),
    last_used_at: nullable({ ...Timestamp, description: 'To the minute.' }),
    revoked_at: nullable(Timestamp),
  },
  { title: 'ApiToken' },
);
export type ApiToken = Static<typeof ApiToken>;
export const ApiTokenPage = Type.Object(
  { api_tokens: Type.Array(ApiToken), next_cursor: NextCursor },
  { title: 'ApiTokenPage' },
);
export const Scope = Type.String({ pattern: '^[a-z][a-z0-9_-]{0,39}(:[a-z][a-z0-9_-]{0,39})?$' });
