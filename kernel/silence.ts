import pg from 'pg';
import { hangUp } from './farewell.ts';

/**
 * Databases that answer nothing any more, while a process ends: each statement would be waited for as long as it may take, one
 * part after the other. A database that is slow, or refuses us, is not silent.
 *
 *     open ──asked again and again, from the stop on──► silent for `patienceMs` ──► given up: what is in hand fails at once, and what comes
 */
export interface Watched {
  readonly url: string;
  giveUp(): void;
}

const open = new Set<Watched>();

/** Has it watched when this process ends. The answer takes it out. */
export function watched(database: Watched): () => void {
  open.add(database);
  return () => void open.delete(database);
}

/** Milliseconds between two looks. */
const pauseMs = 1_000;

/** Gives up every database that is silent, from now on until the answer is called. */
export function giveUpSilent(patienceMs = 5_000): () => void {
  const over = new AbortController();
  const at = (url: string) => [...open].filter((database) => database.url === url);
  const look = async (url: string) => {
    while (!over.signal.aborted && at(url).length > 0) {
      if (await answers(url, patienceMs))
        await new Promise((resolve) => setTimeout(resolve, pauseMs).unref());
      else if (!over.signal.aborted) {
        for (const database of at(url)) database.giveUp();
        return;
      }
    }
  };
  for (const url of new Set([...open].map((database) => database.url))) void look(url);
  return () => over.abort();
}

/** On a connection of its own: those of a pool may all be busy. */
async function answers(url: string, patienceMs: number): Promise<boolean> {
  const client = new pg.Client({ connectionString: url, application_name: 'labwright stops' });
  client.on('error', () => {});
  const timeOver = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => timeOver.resolve(false), patienceMs);
  const said = client.connect().then(
    () => true,
    // A refusal is an answer: whoever waits for this server is refused as well, and at once.
    () => true,
  );
  try {
    return await Promise.race([said, timeOver.promise]);
  } finally {
    clearTimeout(timer);
    hangUp(client);
  }
}
