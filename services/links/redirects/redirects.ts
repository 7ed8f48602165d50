import { linkErrors } from '@labwright/contract-hub/links';
import { nullable, Timestamp } from '@labwright/kernel/http/schemas';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';
import { codeShape } from '../codes/permute.ts';
import type { LinksDeps } from '../deps.ts';
import { createCache } from './cache.ts';

const Destination = Type.Object({
  target: Type.String(),
  expires_at: nullable(Timestamp),
  allowed: Type.Boolean(),
});

/** By `links_pkey` and `link_hosts_pkey`. */
const destination = rows(
  'links.destination',
  Destination,
  `SELECT target, expires_at, (host IS NULL OR EXISTS (SELECT FROM link_hosts h WHERE h.host = links.host)) AS allowed
   FROM links WHERE code = $1`,
);

/** As the triggers of `links` and `link_hosts` name it. An empty message is about all links. */
const channel = 'labwright_links';

export interface Redirects {
  /** Where the code leads now. Throws `link_not_found`, `link_expired`, `link_host_refused`. */
  resolve(code: string): Promise<string>;
  /** This process has changed it: it knows before it is told. */
  changed(code: string): void;
  changedAll(): void;
  start(): Promise<void>;
  stop(): Promise<void>;
}

interface Known extends Static<typeof Destination> {
  /** Milliseconds since 1970. */
  ends: number;
}

/**
 * Leads on, from memory where it can. A change is heard of when it commits, by NOTIFY; where that fails without a word, once the time for
 * which an answer is kept is over: 69 s at most. Expiry is looked at each time.
 */
export function createRedirects({ db, clock, metrics, log }: LinksDeps): Redirects {
  const lookups = metrics.counter('link_lookups_total', 'Codes that were looked up in the database');
  const cache = createCache<Known>({
    clock,
    foundMs: 60_000,
    missingMs: 10_000,
    mostFound: 10_000,
    mostMissing: 10_000,
    load: async (code) => {
      lookups.inc();
      const found = await db.first(destination, [code]);
      return found && { ...found, ends: found.expires_at ? Date.parse(found.expires_at) : Infinity };
    },
  });
  metrics.gauge('link_cache_entries', 'Codes whose answer is in memory', () => cache.size);
  let endListening = () => {};
  let stopped = false;

  return {
    resolve: async (code) => {
      const found = codeShape.test(code) ? await cache.get(code) : undefined;
      if (!found)
        throw linkErrors.problem(
          'link_not_found',
          `There is no link with the code ${code}. Capital and small letters differ.`,
        );
      if (found.ends <= clock.now())
        throw linkErrors.problem('link_expired', `The link ${code} has expired at ${found.expires_at}.`);
      if (!found.allowed)
        throw linkErrors.problem(
          'link_host_refused',
          `The link ${code} leads to a host that is not allowed here any more.`,
        );
      return found.target;
    },
    changed: (code) => cache.drop(code),
    changedAll: () => cache.clear(),
    start: async () => {
      const listening = db.listen(channel, {
        onMessage: (code) => (code === '' ? cache.clear() : cache.drop(code)),
        onGap: () => cache.clear(),
      });
      // It connects by itself, again and again; until then answers are as old as they are kept.
      listening.then(
        (end) => {
          endListening = end;
        },
        (error) => {
          if (!stopped) log.warn({ err: error }, 'changes of links are not heard of');
        },
      );
    },
    stop: async () => {
      stopped = true;
      endListening();
      cache.clear();
    },
  };
}
