import type { FastifyRequest } from 'fastify';
import { isSecretName } from '../log-secrets.ts';

export const pathOf = ({ url }: Pick<FastifyRequest, 'url'>): string => url.split('?', 1)[0] ?? url;

/** The URL as it may stand in a log: what a parameter of the path holds whose name is that of a secret is left out. */
export function loggedUrl(request: Pick<FastifyRequest, 'url' | 'params'>): string {
  let { url } = request;
  for (const [name, value] of Object.entries((request.params ?? {}) as Record<string, unknown>))
    if (typeof value === 'string' && value !== '' && isSecretName(name))
      url = url.replaceAll(value, '…').replaceAll(encodeURIComponent(value), '…');
  return url;
}
