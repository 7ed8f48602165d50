import type { LinksDeps } from './deps.ts';

/**
 * Where people reach this service: what is set (`HUB_PUBLIC_URL`), or what this request was addressed to. The latter is good enough for
 * whoever asked, for it is what they have typed.
 */
export function baseOf(
  { publicUrl }: Pick<LinksDeps, 'publicUrl'>,
  request: { protocol: string; host: string },
): string {
  return publicUrl ?? `${request.protocol}://${request.host || 'localhost'}`;
}

/** True where nothing but this machine finds the way: what a phone makes of such an address is itself. */
export function isLoopback(url: string): boolean {
  const host = new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
  return (
    host === 'localhost' ||
    host.endsWith('.localhost') ||
    host === '::1' ||
    /^(127(\.\d+){3}|0\.0\.0\.0)$/.test(host)
  );
}
