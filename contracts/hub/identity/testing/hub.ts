import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import { type CryptoKey, exportJWK, generateKeyPair, SignJWT } from 'jose';
import {
  type AccessClaims,
  type IdentityApi,
  type Jwk,
  type Revocation,
  type TokenHolder,
  tokenProfile,
} from '../../identity.ts';

export interface TestHub extends IdentityApi {
  /** Makes a key that signs from now on; those before it stay in the set until `retire`. */
  rotate(kid: string): Promise<CryptoKey>;
  retire(kid: string): void;
  publicKey(kid: string): Jwk | undefined;
  sign(claims?: Partial<AccessClaims>, header?: Record<string, unknown>): Promise<string>;
  revoke(kind: Revocation['kind'], value: string, until?: number): void;
  /** Begins the list of revocations anew. */
  restore(): void;
  readonly holders: Map<string, TokenHolder>;
  /** While true every question fails. */
  away: boolean;
  readonly asked: { jwks: number; revocations: number; introspect: number };
  /** What `introspect` waits for before it answers. */
  hold: Promise<void>;
}

/** A hub in memory, with keys of its own. */
export async function openTestHub(clock: Clock = systemClock): Promise<TestHub> {
  const keys = new Map<string, { jwk: Jwk; key: CryptoKey }>();
  let current = '';
  let list: Revocation[] = [];
  let seq = 0;
  let wake = () => {};
  const asked = { jwks: 0, revocations: 0, introspect: 0 };

  const hub: TestHub = {
    asked,
    away: false,
    hold: Promise.resolve(),
    holders: new Map(),
    rotate: async (kid) => {
      const { publicKey, privateKey } = await generateKeyPair('EdDSA', { crv: 'Ed25519', extractable: true });
      const { x = '' } = await exportJWK(publicKey);
      keys.set(kid, {
        key: privateKey,
        jwk: { kty: 'OKP', crv: 'Ed25519', kid, x, use: 'sig', alg: 'EdDSA' },
      });
      current = kid;
      return privateKey;
    },
    retire: (kid) => void keys.delete(kid),
    publicKey: (kid) => keys.get(kid)?.jwk,
    sign: (claims = {}, header = {}) => {
      const iat = claims.iat ?? Math.floor(clock.now() / 1_000);
      const key = keys.get(current);
      if (!key) throw new Error('no key signs');
      return new SignJWT({
        iss: tokenProfile.issuer,
        aud: tokenProfile.audience,
        sub: 'ada',
        name: 'Ada',
        role: 'scientist',
        sid: 'session-1',
        jti: 'token-1',
        iat,
        exp: iat + tokenProfile.lifetime,
        ...claims,
      })
        .setProtectedHeader({ alg: 'EdDSA', typ: tokenProfile.type, kid: current, ...header })
        .sign(key.key);
    },
    revoke: (kind, value, until = clock.now() + tokenProfile.lifetime * 1_000) => {
      seq += 1;
      list.push({ seq, kind, value, until: new Date(until).toISOString() });
      wake();
    },
    restore: () => {
      list = [];
      seq = 0;
      wake();
    },
    jwks: async () => {
      asked.jwks += 1;
      if (hub.away) throw new Error('the hub is away');
      return { keys: [...keys.values()].map(({ jwk }) => jwk) };
    },
    revocations: async ({ after, wait, signal }) => {
      asked.revocations += 1;
      if (hub.away) throw new Error('the hub is away');
      const later = () => list.filter((revocation) => revocation.seq > after);
      if (wait > 0 && later().length === 0 && after <= seq)
        await Promise.race([
          new Promise<void>((resolve) => {
            wake = resolve;
          }),
          clock.sleep(wait * 1_000, signal),
        ]);
      if (hub.away) throw new Error('the hub is away');
      const revocations = later().slice(0, 2);
      return { revocations, next: revocations.at(-1)?.seq ?? seq };
    },
    introspect: async (token) => {
      asked.introspect += 1;
      await hub.hold;
      if (hub.away) throw new Error('the hub is away');
      return hub.holders.get(token) ?? null;
    },
  };
  await hub.rotate('key-1');
  return hub;
}

/** The same over HTTP, for whoever shows this token. */
export async function serveTestHub(hub: TestHub, token: string) {
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://hub');
    const send = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    const gone = new AbortController();
    response.once('close', () => gone.abort(new Error('gone')));
    try {
      if (pathname === '/.well-known/jwks.json') return send(200, await hub.jwks());
      if (request.headers.authorization !== `Bearer ${token}`) return send(401, {});
      if (pathname === '/revocations') {
        const [after, wait] = ['after', 'wait'].map((name) => Number(searchParams.get(name)));
        return send(200, await hub.revocations({ after: after ?? 0, wait: wait ?? 0, signal: gone.signal }));
      }
      let body = '';
      for await (const chunk of request) body += chunk;
      return send(200, { holder: await hub.introspect((JSON.parse(body) as { token: string }).token) });
    } catch {
      return send(500, {});
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}
