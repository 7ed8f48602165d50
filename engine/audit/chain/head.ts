import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { genesisOf } from './entry.ts';
import { lastEntry } from './seal.ts';

/** How far a chain had come: kept elsewhere, it shows later that nothing up to there was cut off or written anew. */
export interface Head {
  chain: string;
  seq: string;
  hash: string;
}

const chainOf = rows(
  'audit.chain',
  Type.Object({ chain: Type.String() }),
  'SELECT id::text AS chain FROM audit_chain',
);

/** Of what is sealed. */
export async function readHead(db: Queryable): Promise<Head> {
  const [row, last] = await Promise.all([db.first(chainOf), db.first(lastEntry)]);
  if (!row) throw new Error('the database has no audit chain: its row was deleted by hand');
  const { chain } = row;
  return { chain, seq: last?.seq ?? '0', hash: last?.hash ?? genesisOf(chain) };
}

/** `SEQ:HASH:CHAIN`, one word. */
export const printHead = ({ seq, hash, chain }: Head): string => `${seq}:${hash}:${chain}`;

/** Undefined where it is none. */
export function parseHead(text: string): Head | undefined {
  const [, seq, hash, chain] = /^(\d{1,19}):([0-9a-f]{64}):([0-9a-f-]{36})$/.exec(text.trim()) ?? [];
  return seq && hash && chain ? { seq, hash, chain } : undefined;
}
