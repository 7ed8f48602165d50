/** What a scanner read: the id that stands in a bar code, or the address of a label with a QR code. */
export type Scanned =
  | { readonly kind: 'plain'; readonly text: string }
  /** A short address of this laboratory: `/s/CODE`, to be looked up with `GET /links/{code}`. */
  | { readonly kind: 'short'; readonly code: string }
  | { readonly kind: 'subject'; readonly subject: 'sample' | 'plate' | 'device'; readonly id: string };

export function readScanned(text: string): Scanned {
  const trimmed = text.trim();
  const short = /^https?:\/\/[^/]+\/s\/([0-9A-Za-z]{7})$/.exec(trimmed);
  if (short?.[1]) return { kind: 'short', code: short[1] };
  return readTarget(trimmed) ?? { kind: 'plain', text: trimmed };
}

/** `/pages/sample/S-1`, where a label leads. */
export function readTarget(target: string): Extract<Scanned, { kind: 'subject' }> | undefined {
  const [, subject, id] =
    /^(?:https?:\/\/[^/]+)?\/pages\/(sample|plate|device)\/([^/?#]+)$/.exec(target) ?? [];
  if (id === undefined) return undefined;
  return { kind: 'subject', subject: subject as 'sample' | 'plate' | 'device', id: decodeURIComponent(id) };
}
