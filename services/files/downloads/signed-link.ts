import { createHmac, timingSafeEqual } from 'node:crypto';
import { fileErrors } from '@labwright/contract-hub/files-errors';

export const linkPath = (id: string) => `/files/${id}/content`;

/** The query of a link to the bytes of one file: whoever has it may fetch them until then. */
export function signLink(secret: string, id: string, expiresMs: number): string {
  const expires = String(Math.floor(expiresMs / 1_000));
  return new URLSearchParams({ expires, signature: signature(secret, id, expires) }).toString();
}

/** Throws `invalid_link` and `link_expired`. */
export function checkLink(
  secret: string,
  id: string,
  query: { expires: string; signature: string },
  nowMs: number,
): void {
  const wanted = Buffer.from(signature(secret, id, query.expires));
  const given = Buffer.from(query.signature);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted))
    throw fileErrors.problem(
      'invalid_link',
      'The signature does not fit the link. Ask for a link with POST /files/{id}/links.',
    );
  if (Number(query.expires) * 1_000 <= nowMs)
    throw fileErrors.problem(
      'link_expired',
      `The link was good until ${new Date(Number(query.expires) * 1_000).toISOString()}. Ask for another one.`,
    );
}

const signature = (secret: string, id: string, expires: string) =>
  createHmac('sha256', secret).update(`labwright link\n${id}\n${expires}`).digest('base64url');
