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
