import { fileErrors } from '@labwright/contract-hub/files-errors';

export interface ByteRange {
  readonly start: number;
  /** Inclusive. */
  readonly end: number;
}

const form = /^bytes=(\d{0,15})-(\d{0,15})$/;

/**
 * The part of a file that a `Range` header asks for (RFC 9110); undefined: the whole. Several ranges at once, and units that are not
 * bytes, may be answered with the whole. Throws `range_not_satisfiable`.
 */
export function rangeOf(header: string | undefined, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = form.exec(header?.replaceAll(' ', '') ?? '') ?? [];
  if (first === '' && last === '') return undefined;
  const start = first === '' ? Math.max(size - Number(last), 0) : Number(first);
  const end = first === '' || last === '' ? size - 1 : Math.min(Number(last), size - 1);
  // `bytes=5-3` is no range at all.
  if (first !== '' && last !== '' && Number(last) < Number(first)) return undefined;
  if (start >= size || (first === '' && Number(last) === 0))
    throw fileErrors.problem('range_not_satisfiable', `The file has ${size} bytes.`);
  return { start, end };
}
