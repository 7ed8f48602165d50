import { currentContext } from './context.ts';
import { commonErrors } from './errors.ts';
import type { Part } from './lifecycle.ts';

/** Each may do what those before it may. */
export const roles = ['viewer', 'scientist', 'operator', 'admin'] as const;
export type Role = (typeof roles)[number];

/** Whoever a request comes from. */
export interface Principal {
  /** Stable, and never given to anybody else: a UUID, or the name of one that is built in. */
  readonly id: string;
  /**
   * `user`: a person who signed in. `token`: a machine with an API token. `service`: another service of this laboratory.
   * `local`: whoever sits at this machine, where a laboratory without accounts listens on loopback only. `system`: nobody asked; it goes on by itself.
   */
  readonly kind: 'user' | 'token' | 'service' | 'local' | 'system';
  /** For people to read. */
  readonly name: string;
  readonly role: Role;
  /** What a token is for (`devices:read`); null: whatever the role allows. */
  readonly scopes: readonly string[] | null;
}

/** Who a request comes from, by its headers and its peer; undefined: nobody that is known. Throws a `Problem` where what it shows is not valid. */
export type Authenticate = (request: {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Of the peer. */
  readonly ip: string;
}) => Promise<Principal | undefined>;

/** Knows who asks, for as long as it runs: it may follow somebody else's word of what is good. */
export interface Identity extends Part {
  readonly authenticate: Authenticate;
}

/** The person at this machine. */
export const localPrincipal: Principal = {
  id: 'local',
  kind: 'local',
  name: 'local user',
  role: 'admin',
  scopes: null,
};

/** Nobody: what goes on by itself. */
export const systemPrincipal: Principal = {
  id: 'system',
  kind: 'system',
  name: 'Labwright',
  role: 'admin',
  scopes: null,
};

/** True for addresses that only programs of this machine can reach; a name counts only where it is `localhost`. */
export const isLoopback = (address: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|::1|::ffff:127(\.\d{1,3}){3})$/i.test(address);

/** Set by proxies: the request comes from further away than its last hop. */
const proxyHeaders = ['forwarded', 'via', 'x-forwarded-for', 'x-forwarded-host', 'x-real-ip'];

/**
 * For a laboratory without accounts that listens on loopback: whoever sits at this machine. Not a page of the web whose name was
 * pointed at 127.0.0.1 (DNS rebinding): its requests carry that name as `Host`. Not what a proxy brings in from elsewhere, as far as it says so.
 */
export const trustThisMachine: Authenticate = async ({ headers, ip }) => {
  const proxy = proxyHeaders.find((name) => headers[name] !== undefined);
  const name = hostnameOf(headers.host);
  const why = !isLoopback(ip)
    ? `it comes from ${ip}`
    : proxy
      ? `it came through a proxy (${proxy})`
      : name === undefined || !(isLoopback(name) || name.endsWith('.localhost'))
        ? `it is addressed to "${headers.host ?? ''}"`
        : undefined;
  if (!why) return localPrincipal;
  throw commonErrors.problem(
    'forbidden',
    `This laboratory has no accounts: it answers programs of its own machine that call it localhost or 127.0.0.1, and nobody else. This request is refused: ${why}. Nothing was done. To let others in, start it with LABWRIGHT_ACCOUNTS=1.`,
  );
};

/** Of a `Host` header, without its port and without the brackets of IPv6. */
function hostnameOf(host: string | string[] | undefined): string | undefined {
  if (typeof host !== 'string' || !URL.canParse(`http://${host}`)) return undefined;
  return new URL(`http://${host}`).hostname.replace(/^\[(.*)\]$/, '$1');
}

export const atLeast = (role: Role, wanted: Role): boolean => roles.indexOf(role) >= roles.indexOf(wanted);

/** Who the request that is being answered comes from; the system itself outside of one. */
export const currentPrincipal = (): Principal => currentContext()?.principal ?? systemPrincipal;
