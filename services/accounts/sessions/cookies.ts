import { accountErrors } from '@labwright/contract-hub/accounts';
import { accessCookie } from '@labwright/contract-hub/identity';
import { isLoopback } from '@labwright/kernel/identity';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { decodeJwt } from 'jose';
import type { Opened } from './open-session.ts';

/** Sent to `/session` only, so nothing else ever sees it. */
const refreshCookie = { secure: '__Secure-labwright_refresh', plain: 'labwright_refresh' } as const;
const refreshPath = '/session';

/**
 * `Secure`, unless the request came over http from this machine to this machine: what comes through a proxy names another host, or a page that
 * is https. The access token goes along when a link leads here from elsewhere (a scanned label), the refresh token never does.
 */
export function setCookies(request: FastifyRequest, reply: FastifyReply, opened: Opened, now: number): void {
  const plain = isPlain(request);
  const life = (until: number) => Math.max(0, Math.ceil((until - now) / 1_000));
  reply.header('set-cookie', [
    ...(plain ? [] : [clear(accessCookie.plain, '/', true), clear(refreshCookie.plain, refreshPath, true)]),
    cookie(names(plain).access, opened.access.token, {
      plain,
      path: '/',
      sameSite: 'Lax',
      seconds: life(opened.access.expiresAt),
    }),
    cookie(names(plain).refresh, opened.refresh.token, {
      plain,
      path: refreshPath,
      sameSite: 'Strict',
      seconds: life(opened.refresh.expiresAt),
    }),
  ]);
}

/**
 * Throws `sign_in_needs_https` where a page of http from another machine asks for cookies: its browser would drop them without a word, and
 * whoever signs in would see the empty form again. `signInUrl`: where people sign in over https, where that is known.
 */
export function refuseLostCookies({ headers }: FastifyRequest, signInUrl: string | null): void {
  const { origin } = headers;
  if (!origin?.startsWith('http:') || !URL.canParse(origin)) return;
  const { hostname } = new URL(origin);
  if (isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')) || hostname.endsWith('.localhost')) return;
  throw accountErrors.problem(
    'sign_in_needs_https',
    `This page came over http, and browsers keep no sign-in then: nobody was signed in. ${
      signInUrl
        ? `Open ${signInUrl} instead.`
        : 'Open the laboratory over https, or on its own machine as http://localhost.'
    }`,
  );
}

export function clearCookies(reply: FastifyReply): void {
  reply.header('set-cookie', [
    clear(accessCookie.secure, '/', false),
    clear(refreshCookie.secure, refreshPath, false),
    clear(accessCookie.plain, '/', true),
    clear(refreshCookie.plain, refreshPath, true),
  ]);
}

export const refreshTokenOf = (request: FastifyRequest): string | undefined =>
  cookieOf(request, refreshCookie.secure) ?? cookieOf(request, refreshCookie.plain);

/** The session of who asks: the token was checked before anybody comes here, so it needs no second look. */
export function sessionOf(request: FastifyRequest): string | undefined {
  if (request.principal?.kind !== 'user') return undefined;
  const [, bearer] = /^Bearer +(\S+)/i.exec(request.headers.authorization ?? '') ?? [];
  const token = bearer ?? cookieOf(request, accessCookie.secure) ?? cookieOf(request, accessCookie.plain);
  const { sid } = token === undefined ? {} : decodeJwt<{ sid?: unknown }>(token);
  return typeof sid === 'string' ? sid : undefined;
}

const names = (plain: boolean) => {
  const kind = plain ? 'plain' : 'secure';
  return { access: accessCookie[kind], refresh: refreshCookie[kind] };
};

function isPlain({ ip, headers, host }: FastifyRequest): boolean {
  if (headers.origin?.startsWith('https:') || headers['x-forwarded-proto'] === 'https') return false;
  if (!URL.canParse(`http://${host}`)) return false;
  const { hostname } = new URL(`http://${host}`);
  return isLoopback(ip) && isLoopback(hostname.replace(/^\[(.*)\]$/, '$1'));
}

function cookie(
  name: string,
  value: string,
  o: { plain: boolean; path: string; sameSite: 'Lax' | 'Strict'; seconds: number },
): string {
  return `${name}=${value}; Path=${o.path}; Max-Age=${o.seconds}; HttpOnly; SameSite=${o.sameSite}${o.plain ? '' : '; Secure'}`;
}

const clear = (name: string, path: string, plain: boolean) =>
  cookie(name, '', { plain, path, sameSite: 'Strict', seconds: 0 });

function cookieOf({ headers }: FastifyRequest, name: string): string | undefined {
  for (const pair of headers.cookie?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim() || undefined;
  }
  return undefined;
}
