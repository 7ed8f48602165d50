import { nullable, Timestamp } from '@labwright/kernel/http';
import { roles } from '@labwright/kernel/identity';
import Type, { type Static } from 'typebox';

/** What every access token says of itself, and what nobody else's token says. */
export const tokenProfile = {
  algorithm: 'EdDSA',
  type: 'at+jwt',
  issuer: 'labwright',
  audience: 'labwright',
  /** Seconds from `iat` to `exp`. */
  lifetime: 900,
} as const;

/** Every API token begins with this: it is then never taken for an access token, and is found where it leaked. */
export const apiTokenPrefix = 'lw_';

/**
 * Cookies of people who signed in, `HttpOnly` and `SameSite`. Over https they carry the prefix `__Host-`, which browsers give to this very
 * host only; over http (a laboratory on this machine) the names are plain.
 */
export const accessCookie = { secure: '__Host-labwright_access', plain: 'labwright_access' } as const;

/** The claims of an access token: a JWT (RFC 9068), signed with Ed25519; its header names the key (`kid`). */
export const AccessClaims = Type.Object({
  iss: Type.Literal(tokenProfile.issuer),
  aud: Type.Literal(tokenProfile.audience),
  sub: Type.String({ minLength: 1, description: 'The principal.' }),
  name: Type.String(),
  role: Type.Enum(roles),
  sid: Type.String({ minLength: 1, description: 'The session it belongs to: signing out revokes it.' }),
  jti: Type.String({ minLength: 1 }),
  iat: Type.Integer({ description: 'Seconds since 1970.' }),
  exp: Type.Integer({ description: 'Seconds since 1970.' }),
  scope: Type.Optional(
    Type.String({ description: 'Scopes with spaces between them; all of them where it is missing.' }),
  ),
});
export type AccessClaims = Static<typeof AccessClaims>;

/** A public key of the hub (RFC 8037). */
export const Jwk = Type.Object(
  {
    kty: Type.Literal('OKP'),
    crv: Type.Literal('Ed25519'),
    kid: Type.String({ minLength: 1 }),
    x: Type.String(),
    use: Type.Literal('sig'),
    alg: Type.Literal(tokenProfile.algorithm),
  },
  { title: 'Jwk' },
);
export type Jwk = Static<typeof Jwk>;

/** The keys that sign now, did until lately, or will next: a new one stands here before the first token is signed with it. */
export const JwkSet = Type.Object({ keys: Type.Array(Jwk) }, { title: 'JwkSet' });
export type JwkSet = Static<typeof JwkSet>;

export const Revocation = Type.Object(
  {
    seq: Type.Integer({ description: 'Rises; never given twice.' }),
    kind: Type.Enum(['session', 'principal', 'token'], {
      description:
        '`session`: its access tokens (`sid`). `principal`: all access tokens that somebody has by now, and the API tokens of theirs that were looked up. `token`: an API token, by its id.',
    }),
    value: Type.String(),
    until: {
      ...Timestamp,
      description:
        'When it is over: the last `exp` of what it revokes. An access token of the principal that ends later was issued later, and is good.',
    },
  },
  { title: 'Revocation' },
);
export type Revocation = Static<typeof Revocation>;

/**
 * In the order of `seq`. `next` goes into `after` of the next request; nothing at or below it appears any more, whatever transaction was open.
 * A `next` below `after` says that the list has begun anew (the database was restored): ask again from 0.
 */
export const RevocationPage = Type.Object(
  {
    revocations: Type.Array(Revocation, { maxItems: 1_000 }),
    next: Type.Integer(),
  },
  { title: 'RevocationPage' },
);
export type RevocationPage = Static<typeof RevocationPage>;

/** Whom an API token stands for. */
export const TokenHolder = Type.Object(
  {
    token_id: Type.String({ description: 'The principal of what is done with it.' }),
    owner_id: nullable(Type.String({ description: 'The person whose account it ends with.' })),
    name: Type.String(),
    role: Type.Enum(roles),
    scopes: nullable(
      Type.Array(Type.String(), { description: '`devices:read`, …; null: all that the role allows.' }),
    ),
    expires_at: nullable(Timestamp),
  },
  { title: 'TokenHolder' },
);
export type TokenHolder = Static<typeof TokenHolder>;

export const IntrospectRequest = Type.Object(
  { token: Type.String({ minLength: 1, maxLength: 512 }) },
  { title: 'IntrospectRequest', additionalProperties: false },
);
/** Null: nobody's; unknown, expired and revoked tokens look alike. */
export const IntrospectAnswer = Type.Object({ holder: nullable(TokenHolder) }, { title: 'IntrospectAnswer' });

/** All that other services ask the hub for to know who somebody is. In one process it is the object itself, else `identityClient`. */
export interface IdentityApi {
  /** `GET /.well-known/jwks.json`, public. */
  jwks(): Promise<JwkSet>;
  /** `GET /revocations?after=N&wait=S`, for services. Waits up to `wait` seconds (30 at most) for the first one after `after`. */
  revocations(request: { after: number; wait: number; signal?: AbortSignal }): Promise<RevocationPage>;
  /** `POST /tokens/introspect`, for services. The token is found by its hash. */
  introspect(token: string): Promise<TokenHolder | null>;
}
