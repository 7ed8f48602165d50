import { createHash, timingSafeEqual } from 'node:crypto';
import { currentPrincipal, type Principal } from '@labwright/kernel/identity';

/** In whose name one service asks another: base64url of `[id, name]`. Heard only from who shows the service token. */
const onBehalfOf = 'labwright-on-behalf-of';

/** What one service shows another: the secret that all services of a laboratory share, and in whose name it asks. */
export function serviceHeaders(token: string): () => Record<string, string> {
  return () => {
    const { id, name } = currentPrincipal();
    return {
      authorization: `Bearer ${token}`,
      [onBehalfOf]: Buffer.from(JSON.stringify([id, name])).toString('base64url'),
    };
  };
}

export interface ServiceTokens {
  /** The service that shows one of the tokens, in the name of whom it asks; undefined: it is none. */
  find(
    token: string,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): Principal | undefined;
}

/**
 * A service may do what an operator may: what somebody may ask of a workflow is decided by the service that they asked. Several tokens are good at
 * once while they are changed.
 */
export function createServiceTokens(tokens: readonly string[]): ServiceTokens {
  const digests = tokens.map(digest);
  return {
    find: (token, headers) => {
      const shown = digest(token);
      // Every one is compared, in a time that tells nothing.
      if (digests.filter((each) => timingSafeEqual(each, shown)).length === 0) return undefined;
      const [id, name] = actorOf(headers[onBehalfOf]) ?? ['service', 'another service'];
      return { id, kind: 'service', name, role: 'operator', scopes: null };
    },
  };
}

const digest = (token: string) => createHash('sha256').update(token).digest();

function actorOf(header: string | string[] | undefined): [id: string, name: string] | undefined {
  if (typeof header !== 'string' || header.length > 2_000) return undefined;
  try {
    const [id, name] = JSON.parse(Buffer.from(header, 'base64url').toString()) as unknown[];
    return typeof id === 'string' && typeof name === 'string' && id !== '' ? [id, name] : undefined;
  } catch {
    return undefined;
  }
}
