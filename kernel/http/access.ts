import type { FastifyContextConfig, FastifyReply, FastifyRequest } from 'fastify';
import { currentContext } from '../context.ts';
import { commonErrors, isProblem } from '../errors.ts';
import { type Authenticate, atLeast, currentPrincipal, type Principal, type Role } from '../identity.ts';
import { refuseCrossSite } from './cross-site.ts';
import type { App } from './server.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Who may: anybody, or whoever has at least this role. Where a route says nothing: `viewer` to read, `admin` for everything else. */
    access?: 'public' | Role;
    /** What an API token must be for; null: any token will do. Where a route says nothing: `<domain>:read` for GET, else `<domain>:write`. */
    scope?: string | null;
    /** The domain of that scope, where a service has several. */
    domain?: string;
  }
  interface FastifyRequest {
    /** Who asks; null on a public route where nobody is known. */
    principal: Principal | null;
  }
}

export interface AccessOptions {
  readonly authenticate: Authenticate;
  /** Of the scopes: `devices` in `devices:read`. */
  readonly domain: string;
}

/**
 * Asks of each request who it comes from, and refuses it with 401 or 403 before anything of it is read. What no route says is denied:
 * a route without a word of its own is open to `viewer` for reading and to `admin` for the rest, never to everybody.
 */
export function checkAccess(app: App, { authenticate, domain }: AccessOptions): void {
  app.decorateRequest('principal', null);
  app.addHook('onRequest', async (request, reply) => {
    await check(request, reply).catch((error) => {
      if (announcesMuch(request.headers)) reply.header('connection', 'close');
      throw error;
    });
  });

  const check = async (request: FastifyRequest, reply: FastifyReply) => {
    const { method, is404 } = request;
    const { config } = request.routeOptions;
    const wanted = is404 ? 'viewer' : roleOf(method, config);
    if (config.exempt) return;
    if (wanted !== 'public' || !isReading(method)) refuseCrossSite(request);
    const principal = await authenticate(request).catch((error) => {
      // Whoever shows something invalid on a public route (to sign in anew, say) is nobody.
      if (wanted === 'public') return undefined;
      if (isProblem(error, 'unauthenticated')) challenge(reply, 'error="invalid_token"');
      throw error;
    });
    request.principal = principal ?? null;
    const context = currentContext();
    if (context && principal) context.principal = principal;
    if (wanted === 'public') return;
    if (!principal) {
      challenge(reply);
      throw commonErrors.problem(
        'unauthenticated',
        'Nobody is signed in; nothing was done. Sign in, or send an API token: Authorization: Bearer ….',
      );
    }
    if (!atLeast(principal.role, wanted))
      throw commonErrors.problem(
        'forbidden',
        `${principal.name} is ${principal.role}; this needs the role ${wanted}. Nothing was done.`,
      );
    const scope = is404 ? null : scopeOf(method, config, domain);
    if (!covers(principal.scopes, scope)) {
      challenge(reply, `error="insufficient_scope", scope="${scope}"`);
      throw commonErrors.problem(
        'forbidden',
        `The token of ${principal.name} is for ${principal.scopes?.join(', ') || 'nothing'}; this needs the scope ${scope}. Nothing was done.`,
      );
    }
  };
}

/** Read and thrown away within a moment, where the connection is to be used again. */
const littleBytes = 65_536;

/** A body that nobody will read, and that may go on for as long as its sender likes. */
const announcesMuch = (headers: FastifyRequest['headers']) =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > littleBytes;

/** For what only some requests of a route ask for. `what` begins the sentence: `Priority urgent`. */
export function demandRole(wanted: Role, what: string): void {
  const { name, role } = currentPrincipal();
  if (!atLeast(role, wanted))
    throw commonErrors.problem(
      'forbidden',
      `${what} needs the role ${wanted}; ${name} is ${role}. Nothing was done.`,
    );
}

const isReading = (method: string) => method === 'GET' || method === 'HEAD';

type Said = Pick<FastifyContextConfig, 'access' | 'scope' | 'domain' | 'exempt'>;

/** Who may use a route: what it says, or what holds where it says nothing. */
export function roleOf(method: string, { access, exempt }: Said): 'public' | Role {
  if (exempt) return 'public';
  return access ?? (isReading(method) ? 'viewer' : 'admin');
}

/** What a token must be for to use a route; null: any token will do. */
export function scopeOf(method: string, config: Said, domain: string): string | null {
  if (config.scope !== undefined) return config.scope;
  return `${config.domain ?? domain}:${isReading(method) ? 'read' : 'write'}`;
}

/** Whoever may write may read. */
function covers(scopes: readonly string[] | null, wanted: string | null): boolean {
  if (scopes === null || wanted === null || scopes.includes(wanted)) return true;
  return wanted.endsWith(':read') && scopes.includes(wanted.replace(/read$/, 'write'));
}

function challenge(reply: FastifyReply, parameters = ''): void {
  reply.header('www-authenticate', `Bearer realm="labwright"${parameters ? `, ${parameters}` : ''}`);
}
