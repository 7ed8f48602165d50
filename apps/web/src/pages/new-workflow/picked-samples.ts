/** Why a barcode is not among the samples of the workflow. */
export type Why =
  /** No sample has it. `known`: one has it in other upper and lower case. */
  | { reason: 'unknown'; known?: string | undefined }
  /** It is among them already. */
  | { reason: 'twice' }
  /** Nobody could be asked. */
  | { reason: 'not_checked'; because: string };

export type Refused = { barcode: string } & Why;

/** The samples of a workflow that is being described, and what was scanned and could not be one. */
export interface Picked {
  barcodes: readonly string[];
  /** The newest first, each barcode once; kept until somebody has seen it and says so. */
  refused: readonly Refused[];
}

/** What the service said of the barcodes that it was asked about. */
export interface Checked {
  valid_barcodes: readonly string[];
  invalid_barcodes: readonly string[];
  similar_barcodes?: readonly { given: string; known: string }[];
}

/** As many as a workflow takes. */
export const mostSamples = 10_000;

/**
 * With what was found of `asked`. Answers may come in any order: what was picked meanwhile stays. One that was `scanned` and is there
 * already is told of; in a file it is no news.
 */
export function withChecked(
  before: Picked,
  { valid_barcodes, invalid_barcodes, similar_barcodes = [] }: Checked,
  { scanned }: { scanned: boolean },
): Picked {
  const there = new Set(before.barcodes);
  const known = new Map(similar_barcodes.map((pair) => [pair.given, pair.known]));
  const twice = scanned ? valid_barcodes.filter((barcode) => there.has(barcode)) : [];
  const fresh = valid_barcodes.filter((barcode) => !there.has(barcode));
  const room = mostSamples - before.barcodes.length;
  return withRefused(
    { ...before, barcodes: [...before.barcodes, ...fresh.slice(0, room)] },
    [
      ...twice.map((barcode) => ({ barcode, reason: 'twice' as const })),
      ...fresh.slice(room).map((barcode) => ({
        barcode,
        reason: 'not_checked' as const,
        because: `A workflow takes ${mostSamples} samples at most.`,
      })),
      ...invalid_barcodes.map((barcode) => ({
        barcode,
        reason: 'unknown' as const,
        known: known.get(barcode),
      })),
    ],
    valid_barcodes,
  );
}

/** With those of which nothing could be learnt. */
export const withNotChecked = (before: Picked, asked: readonly string[], because: string): Picked =>
  withRefused(
    before,
    asked.map((barcode) => ({ barcode, reason: 'not_checked' as const, because })),
  );

/** `settled`: whatever was said of them earlier holds no longer. */
function withRefused(before: Picked, more: readonly Refused[], settled: readonly string[] = []): Picked {
  const replaced = new Set([...settled, ...more.map(({ barcode }) => barcode)]);
  return {
    ...before,
    refused: [...more, ...before.refused.filter(({ barcode }) => !replaced.has(barcode))],
  };
}

export const dismissed = (before: Picked, barcode: string): Picked => ({
  ...before,
  refused: before.refused.filter((other) => other.barcode !== barcode),
});

/** Kept by a page before it was left: `undefined` where it is something else. */
export function readRefused(value: unknown): readonly Refused[] | undefined {
  return Array.isArray(value) && value.every(isRefused) ? value : undefined;
}

function isRefused(value: unknown): value is Refused {
  if (typeof value !== 'object' || value === null) return false;
  const { barcode, reason, because } = value as Record<string, unknown>;
  return (
    typeof barcode === 'string' &&
    (reason === 'unknown' || reason === 'twice' || (reason === 'not_checked' && typeof because === 'string'))
  );
}
