import type { Queryable } from '@labwright/kernel/db';
import { isProblem } from '@labwright/kernel/errors';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import type { CoreDeps } from '../deps.ts';

/** A feed of another service. */
export interface Source<Event> {
  /** Of its row in `followed`. */
  feed: 'devices' | 'hub';
  read(request: {
    cursor?: string;
    wait_seconds: number;
    signal?: AbortSignal;
  }): Promise<{ events: Event[]; next_cursor: string }>;
  /** Stores what the events of a page ask of us. */
  store(tx: Queryable, events: readonly Event[]): Promise<void>;
}

/** How far the feed was stored. */
const Place = Type.Object({ cursor: nullable(Type.String()) });

const findPlace = rows('workflows.feed.place', Place, 'SELECT cursor FROM followed WHERE feed = $1');

// Guarded by the place, so that of several followers one turns the page; the others wait for it here.
const turnPage = command(
  'workflows.feed.turn_page',
  'UPDATE followed SET cursor = $2 WHERE feed = $1 AND cursor IS NOT DISTINCT FROM $3',
);

const startOver = command(
  'workflows.feed.start_over',
  'UPDATE followed SET cursor = NULL WHERE feed = $1 AND cursor = $2',
);

/**
 * Stores one page of a feed, together with the place behind it; waits up to `waitSeconds` for one. `turned` is false where
 * another process stored it meanwhile.
 */
export async function storePageOf<Event>(
  deps: CoreDeps,
  source: Source<Event>,
  waitSeconds: number,
  signal?: AbortSignal,
): Promise<{ events: Event[]; turned: boolean }> {
  const { cursor } = (await deps.db.first(findPlace, [source.feed])) ?? { cursor: null };
  const page = await read(deps, source, cursor, waitSeconds, signal);
  const { events } = page;
  if (page.next_cursor === cursor) return { events, turned: true };
  const turned = await deps.db.transaction(async (tx) => {
    // First, and awaited: whoever comes second stores nothing.
    if ((await tx.execute(turnPage, [source.feed, page.next_cursor, cursor])) === 0) return false;
    await source.store(tx, events);
    return true;
  });
  return { events, turned };
}

async function read<Event>(
  deps: CoreDeps,
  source: Source<Event>,
  cursor: string | null,
  waitSeconds: number,
  signal: AbortSignal | undefined,
): Promise<{ events: Event[]; next_cursor: string }> {
  try {
    return await source.read({
      ...(cursor === null ? {} : { cursor }),
      wait_seconds: waitSeconds,
      ...(signal ? { signal } : {}),
    });
  } catch (error) {
    if (isProblem(error, 'invalid_cursor')) {
      // Another database stands behind it than before. Events are safe to take in twice.
      deps.log.error({ cursor, feed: source.feed }, 'our place in a feed is not known there: starting over');
      await deps.db.execute(startOver, [source.feed, cursor]);
    }
    throw error;
  }
}
