import { Timestamp } from '@labwright/kernel/http';
import { jwtVerify } from 'jose';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { Code } from './accounts.ts';
import { clockTolerance } from './identity/access-tokens.ts';
import { createKeys } from './identity/keys.ts';
import { type IdentityApi, tokenProfile } from './identity.ts';

/** What every statement of a signature says of itself. Its type keeps it from ever being taken for an access token, and the other way round. */
export const signatureProfile = {
  algorithm: tokenProfile.algorithm,
  type: 'signature+jwt',
  issuer: tokenProfile.issuer,
  audience: 'labwright:signatures',
  /** Seconds from `iat` to `exp`. */
  lifetime: 300,
} as const;

const What = {
  meaning: Type.String({
    minLength: 1,
    maxLength: 200,
    pattern: '\\S',
    description:
      'What the signature means: “approved”, “reviewed”, “I take responsibility for …”. Shown with it ever after.',
  }),
  action: Type.String({ minLength: 1, maxLength: 100, description: 'What is signed: `operation.abort`, …' }),
  subject: Type.String({ minLength: 1, maxLength: 300, description: 'Of what: `device:liquid-handler-1`.' }),
};

export const SignRequest = Type.Object(
  {
    password: Type.String({
      minLength: 1,
      maxLength: 256,
      description: 'Again: being signed in is not enough.',
    }),
    code: Type.Optional({
      ...Code,
      description:
        'Of the second factor, where the account has one: six digits of the authenticator, or a recovery code.',
    }),
    ...What,
  },
  { title: 'SignRequest', additionalProperties: false },
);
export type SignRequest = Static<typeof SignRequest>;

export const SignAnswer = Type.Object(
  {
    signature: Type.String({
      description: 'The statement, to be sent in `signature` of the request that is signed.',
    }),
    id: Type.String(),
    name: Type.String({ description: 'The printed name of who signed.' }),
    signed_at: Timestamp,
    expires_at: Timestamp,
    ...What,
  },
  { title: 'SignAnswer' },
);
export type SignAnswer = Static<typeof SignAnswer>;

export const SignatureClaims = Type.Object({
  iss: Type.Literal(signatureProfile.issuer),
  aud: Type.Literal(signatureProfile.audience),
  sub: Type.String({ minLength: 1 }),
  name: Type.String(),
  jti: Type.String({ pattern: '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$' }),
  iat: Type.Integer(),
  exp: Type.Integer(),
  ...What,
});
export type SignatureClaims = Static<typeof SignatureClaims>;

const isClaims = Compile(SignatureClaims);

/** What a good statement says. */
interface Signed {
  id: string;
  signed_by: string;
  name: string;
  meaning: string;
  signed_at: string;
  action: string;
  subject: string;
  statement: string;
}

/** Checks statements with the public keys of the hub, without asking it each time. Rejects where one is not good, or no more. */
export function signatureVerifier(
  hub: Pick<IdentityApi, 'jwks'>,
  now: () => number = Date.now,
): (statement: string) => Promise<Signed> {
  const keys = createKeys({ fetch: () => hub.jwks(), now });
  return async (statement) => {
    const { payload } = await jwtVerify(
      statement,
      async ({ kid }) => {
        const key = typeof kid === 'string' && kid.length <= 200 ? await keys.find(kid) : undefined;
        if (!key) throw new Error('it is signed with a key that the hub does not have');
        return key;
      },
      {
        algorithms: [signatureProfile.algorithm],
        typ: signatureProfile.type,
        issuer: signatureProfile.issuer,
        audience: signatureProfile.audience,
        clockTolerance,
        maxTokenAge: signatureProfile.lifetime,
        currentDate: new Date(now()),
      },
    );
    if (!isClaims.Check(payload)) throw new Error('it lacks what a signature says');
    const { jti: id, sub: signed_by, name, meaning, action, subject, iat } = payload;
    return { id, signed_by, name, meaning, action, subject, signed_at: timeOf(iat), statement };
  };
}

export const timeOf = (seconds: number): string => new Date(seconds * 1_000).toISOString();
