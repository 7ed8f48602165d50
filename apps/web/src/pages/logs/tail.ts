/** What both ends of a list have. */
interface Numbered {
  readonly id: string;
}

/**
 * The rows that are known, newest first, with the newest page of the service before them: what is new stands above, and what has ended meanwhile is
 * as it is now. `gap`: more came than the page holds, so rows between the two are missing, and the list stays as it was.
 */
export function withNewest<Row extends Numbered>(
  known: readonly Row[],
  newest: readonly Row[],
): { logs: readonly Row[]; gap: boolean } {
  if (newest.length === 0) return { logs: known, gap: false };
  if (known.length === 0) return { logs: newest, gap: false };
  const fresh = new Map(newest.map((row) => [row.id, row]));
  if (!known.some(({ id }) => fresh.has(id))) return { logs: known, gap: true };
  const old = new Set(known.map(({ id }) => id));
  return {
    logs: [...newest.filter(({ id }) => !old.has(id)), ...known.map((row) => fresh.get(row.id) ?? row)],
    gap: false,
  };
}
