import type { Db } from '@labwright/kernel/db';
import { nullable } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { EntryRow, entryColumns, genesisOf, hashOf } from './entry.ts';
import { missingGuards } from './guards.ts';
import { type Head, readHead } from './head.ts';

export interface ChainFault {
  kind: 'edited' | 'replaced' | 'displaced' | 'missing' | 'cut' | 'rewritten' | 'other_chain' | 'unguarded';
  /** The entry in question; of several the first. Null where it is the chain as a whole. */
  seq: string | null;
  /** One sentence. */
  text: string;
}

export interface ChainReport {
  head: Head;
  /** Entries that were read. */
  entries: number;
  /** The first hundred. */
  faults: ChainFault[];
  /** All of them. */
  faultCount: number;
  /** Committed, and not sealed yet: no part of the chain so far. */
  pending: { count: number; oldest: string | null };
  /** Seconds that the slowest entry waited for its seal. */
  longestWait: number;
}

/** `seq` and `id` are unique while their constraints are there; without them a twin is found all the same. */
const page = rows(
  'audit.verify_page',
  EntryRow,
  `SELECT ${entryColumns} FROM audit_entries WHERE (seq, id) > ($1::bigint, $2::bigint) AND seq <= $3 ORDER BY seq, id LIMIT $4`,
);

/** Index: the primary key. */
const numbered = rows(
  'audit.verify_kept',
  Type.Object({ seq: Type.String(), id: Type.String(), hash: Type.String() }),
  'SELECT seq, id, hash FROM audit_entries WHERE seq = $1::bigint ORDER BY id LIMIT 1',
);

const waiting = rows(
  'audit.verify_pending',
  Type.Object({ count: Type.Integer(), oldest: nullable(Type.String()) }),
  'SELECT count(*)::int AS count, min(at) AS oldest FROM audit_pending',
);

/** An entry may have some 100 KiB of values: a page stays below ten megabytes, whatever is in it. */
const pageSize = 100;
const mostFaults = 100;

/** How far a check has come: the last entry that was read. `prev` is the hash that the next one has to name; null where nothing can be said of that. */
export interface Place {
  seq: string;
  id: string;
  prev: string | null;
}

const beginningOf = (chain: string): Place => ({ seq: '0', id: '0', prev: genesisOf(chain) });

/** Reads on, page by page, up to the head or until `most` entries were read; `most` is a multiple of a page. Answers whether the head was reached. */
async function readOn(
  db: Db,
  chain: { head: Head; heads: Head[]; found: Faults },
  from: Place,
  { most = Number.POSITIVE_INFINITY, onProgress }: { most?: number; onProgress?: (entries: number) => void },
): Promise<{ at: Place; entries: number; longestWait: number; whole: boolean }> {
  let at = from;
  let entries = 0;
  let longestWait = 0;
  while (entries < most) {
    const read = await checkPage(db, chain, at);
    at = read.at;
    entries += read.entries;
    longestWait = Math.max(longestWait, read.longestWait);
    onProgress?.(entries);
    if (read.entries < pageSize) return { at, entries, longestWait, whole: true };
  }
  return { at, entries, longestWait, whole: false };
}

/** One page: every hash, every link, every number, and each head that was kept elsewhere, which is taken off `heads`. */
async function checkPage(
  db: Db,
  { head, heads, found }: { head: Head; heads: Head[]; found: Faults },
  from: Place,
): Promise<{ at: Place; entries: number; longestWait: number }> {
  let at = from;
  let longestWait = 0;
  const rows = await db.query(page, [at.seq, at.id, head.seq, pageSize]);
  for (const row of rows) {
    const next = BigInt(at.seq) + 1n;
    const whole = hashOf(head.chain, row) === row.hash;
    if (BigInt(row.seq) > next) {
      found.add(missing(next, BigInt(row.seq) - 1n));
      at = { ...at, prev: null };
    }
    // Behind what stands in the wrong place there is no link to hold it against: then only what is whole is in its place.
    const linked = BigInt(row.seq) >= next && (at.prev === null ? whole : row.prev === at.prev);
    if (!whole || !linked) found.add(wrong(row, whole, linked));
    while (heads[0] && BigInt(heads[0].seq) <= BigInt(row.seq)) {
      const kept = heads.shift();
      if (kept?.seq === row.seq && kept.hash !== row.hash) found.add(rewritten(kept));
    }
    longestWait = Math.max(longestWait, Date.parse(row.sealed_at) - Date.parse(row.at));
    at = { seq: row.seq, id: row.id, prev: whole || linked ? row.hash : null };
  }
  return { at, entries: rows.length, longestWait };
}

/**
 * Reads the whole chain, page by page, and computes it anew: every hash, every link, every number, and each head that
 * was kept elsewhere. Without such a head nobody can tell that the end was cut off, or all of it written anew.
 */
export async function verifyChain(
  db: Db,
  options: { heads?: readonly Head[]; onProgress?: (entries: number) => void } = {},
): Promise<ChainReport> {
  const head = await readHead(db);
  const heads = (options.heads ?? []).toSorted((a, b) => Number(BigInt(a.seq) - BigInt(b.seq)));
  const found = collect();
  for (const text of await missingGuards(db)) found.add({ kind: 'unguarded', seq: null, text });
  for (const kept of heads) if (kept.chain !== head.chain) found.add(otherChain(head, kept));
  const ours = heads.filter(({ chain }) => chain === head.chain);

  const { at, entries, longestWait } = await readOn(
    db,
    { head, heads: ours, found },
    beginningOf(head.chain),
    options.onProgress ? { onProgress: options.onProgress } : {},
  );
  for (const kept of ours)
    if (BigInt(kept.seq) > BigInt(at.seq)) {
      found.add(cut(at.seq, kept));
      break;
    }
  return {
    head,
    entries,
    faults: found.faults,
    faultCount: found.count(),
    pending: await readPending(db),
    longestWait: longestWait / 1000,
  };
}

const readPending = async (db: Db) => (await db.first(waiting)) ?? { count: 0, oldest: null };

export interface PartReport extends Omit<ChainReport, 'longestWait'> {
  /** Where the next part begins; null where the head was reached. */
  next: Place | null;
}

/** Entries of one part. */
const partSize = 2_000;

/**
 * A part of the same, from a place on: at most 2,000 entries, so that whoever asks can go on part by part. `kept` is a head that was kept elsewhere: the check
 * begins behind it, once it is seen that its entry is still the same.
 */
export async function verifyPart(
  db: Db,
  from: { place: Place } | { kept: Head } | 'beginning',
): Promise<PartReport> {
  const head = await readHead(db);
  const found = collect();
  const done = async (entries: number, next: Place | null): Promise<PartReport> => ({
    head,
    entries,
    faults: found.faults,
    faultCount: found.count(),
    pending: await readPending(db),
    next,
  });
  let at = beginningOf(head.chain);
  if (from !== 'beginning' && 'place' in from) at = from.place;
  else for (const text of await missingGuards(db)) found.add({ kind: 'unguarded', seq: null, text });
  if (from !== 'beginning' && 'kept' in from && from.kept.seq !== '0') {
    const { kept } = from;
    if (kept.chain !== head.chain) {
      found.add(otherChain(head, kept));
      return done(0, null);
    }
    const row = await db.first(numbered, [kept.seq]);
    if (!row) {
      found.add(
        BigInt(kept.seq) > BigInt(head.seq)
          ? cut(head.seq, kept)
          : missing(BigInt(kept.seq), BigInt(kept.seq)),
      );
      return done(0, null);
    }
    if (row.hash !== kept.hash) found.add(rewritten(kept));
    at = { seq: row.seq, id: row.id, prev: row.hash };
  }
  const read = await readOn(db, { head, heads: [], found }, at, { most: partSize });
  return done(read.entries, read.whole ? null : read.at);
}

type Faults = ReturnType<typeof collect>;

function collect() {
  const faults: ChainFault[] = [];
  let count = 0;
  return {
    faults,
    count: () => count,
    add: (fault: ChainFault) => {
      count += 1;
      if (faults.length < mostFaults) faults.push(fault);
    },
  };
}

function missing(from: bigint, to: bigint): ChainFault {
  const text = from === to ? `Entry ${from} is missing.` : `Entries ${from} to ${to} are missing.`;
  return { kind: 'missing', seq: String(from), text };
}

function wrong({ seq, action, subject }: EntryRow, whole: boolean, linked: boolean): ChainFault {
  const what = `(${action} of ${subject})`;
  if (linked)
    return { kind: 'edited', seq, text: `Entry ${seq} ${what} was edited: its content has another hash.` };
  if (whole)
    return {
      kind: 'replaced',
      seq: String(BigInt(seq) - 1n),
      text: `Entry ${BigInt(seq) - 1n} was replaced, or entry ${seq} ${what} was put in: ${seq} follows another one.`,
    };
  return {
    kind: 'displaced',
    seq,
    text: `Entry ${seq} ${what} was put in, or moved here from another place.`,
  };
}

const rewritten = ({ seq }: Head): ChainFault => ({
  kind: 'rewritten',
  seq,
  text: `Entry ${seq} has another hash than the head that was kept of it: it, or any entry before it, was written anew.`,
});

const otherChain = ({ chain }: Head, kept: Head): ChainFault => ({
  kind: 'other_chain',
  seq: null,
  text: `This is chain ${chain}; the head at entry ${kept.seq} was kept of chain ${kept.chain}: another database, or one that was made anew.`,
});

const cut = (last: string, kept: Head): ChainFault => ({
  kind: 'cut',
  seq: String(BigInt(last) + 1n),
  text: `The chain ends at entry ${last}, and a head of entry ${kept.seq} was kept: the end was cut off.`,
});
