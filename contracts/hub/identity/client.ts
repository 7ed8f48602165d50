import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { type IdentityApi, IntrospectAnswer, JwkSet, RevocationPage } from '../identity.ts';
import { serviceHeaders } from './service-token.ts';

export interface IdentityClientOptions {
  /** `http://host:port` */
  url: string;
  /** The service token; null: only what is public can be asked. */
  token: string | null;
  /** Milliseconds until an answer must be there, beside the time that the question itself may wait. */
  timeout?: number;
}

/** `IdentityApi` over HTTP. Whatever is not an answer of the hub is an error. */
export function identityClient({ url, token, timeout = 5_000 }: IdentityClientOptions): IdentityApi {
  const headers = token === null ? () => ({}) : serviceHeaders(token);

  const call = async <S extends TSchema>(
    schema: ReturnType<typeof Compile<S>>,
    path: string,
    init: RequestInit = {},
    waitSeconds = 0,
  ) => {
    const limit = AbortSignal.timeout(timeout + waitSeconds * 1_000);
    const response = await fetch(url + path, {
      ...init,
      redirect: 'error',
      headers: { ...headers(), ...(init.body ? { 'content-type': 'application/json' } : {}) },
      signal: init.signal ? AbortSignal.any([limit, init.signal]) : limit,
    });
    if (!response.ok) {
      await response.body?.cancel();
      throw new Error(`hub-service at ${url} answered ${response.status} to ${path.split('?')[0]}`);
    }
    const answer: unknown = await response.json();
    if (!schema.Check(answer))
      throw new Error(`what answers at ${url}${path.split('?')[0]} is not hub-service`);
    return answer;
  };

  return {
    jwks: () => call(jwkSet, '/.well-known/jwks.json'),
    revocations: ({ after, wait, signal }) =>
      call(page, `/revocations?after=${after}&wait=${wait}`, signal ? { signal } : {}, wait),
    introspect: async (apiToken) => {
      const body = JSON.stringify({ token: apiToken });
      return (await call(answer, '/tokens/introspect', { method: 'POST', body })).holder;
    },
  };
}

const jwkSet = Compile(JwkSet);
const page = Compile(RevocationPage);
const answer = Compile(IntrospectAnswer);
