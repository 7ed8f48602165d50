import type { ChatMessage } from '@labwright/contract-hub/chat';
import { randomUuid } from '../api/random-id.ts';

/*
 * What somebody writes is kept in this browser until the hub has it, for each person and room:
 *
 *     typed ──► draft ──sent──► unsent ──the hub has it──► gone
 *                 ▲               │ └──the page is loaded anew──► sent again, with the same id: the hub writes it once
 *                 └───refused─────┘
 */

export interface Unsent {
  readonly id: string;
  readonly room: string;
  readonly text: string;
  /** Milliseconds since 1970: they are sent in this order. */
  readonly at: number;
}

/** What is written in a room and not there yet. */
export interface Writing {
  readonly draft: string;
  readonly waiting: readonly Unsent[];
  /** Why the hub did not take the last one, whose text is in the draft again. */
  readonly refused: unknown;
}

type Kept = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'>;

export interface OutboxOptions {
  /** Whose it is: the next one at this browser sees and sends nothing of it. */
  person: string;
  /** Of the browser; it may refuse, and then nothing outlives the page. */
  storage: () => Kept;
  /** Resolves once the message is stored. Rejects with a `status` where it was refused, and without where nobody knows. */
  send(room: string, text: string, id: string): Promise<ChatMessage>;
}

export function openOutbox({ person, storage, send }: OutboxOptions) {
  const rooms = new Map<string, Writing>();
  const listeners = new Set<() => void>();
  const owner = encodeURIComponent(person);
  const draftKey = (room: string) => `labwright.chat.draft/${owner}/${room}`;
  const unsentKey = (id: string) => `labwright.chat.unsent/${owner}/${id}`;
  let latest = 0;

  const read = (room: string): Writing => {
    const known = rooms.get(room);
    if (known) return known;
    const draft = tried(() => storage().getItem(draftKey(room))) ?? '';
    const writing = { draft, waiting: [], refused: undefined };
    rooms.set(room, writing);
    return writing;
  };
  const change = (room: string, next: Partial<Writing>) => {
    rooms.set(room, { ...read(room), ...next });
    for (const listener of listeners) listener();
  };
  const setDraft = (room: string, draft: string) => {
    tried(() =>
      draft === '' ? storage().removeItem(draftKey(room)) : storage().setItem(draftKey(room), draft),
    );
    change(room, { draft });
  };
  const drop = ({ id, room }: Unsent) => {
    tried(() => storage().removeItem(unsentKey(id)));
    change(room, { waiting: read(room).waiting.filter((each) => each.id !== id) });
  };

  const deliver = async (unsent: Unsent): Promise<ChatMessage | undefined> => {
    const { id, room, text } = unsent;
    change(room, { waiting: [...read(room).waiting, unsent], refused: undefined });
    try {
      const message = await send(room, text, id);
      drop(unsent);
      return message;
    } catch (error) {
      // The page goes away: it is sent by the next one.
      if (!isRefusal(error)) return undefined;
      drop(unsent);
      const { draft } = read(room);
      setDraft(room, draft === '' ? text : `${text}\n${draft}`);
      change(room, { refused: error });
      return undefined;
    }
  };

  return {
    /** The same object until something changes. */
    read,
    setDraft,
    /** Resolves to the message once it is stored; to nothing where it was refused, or is left to the next page. */
    post(room: string, text: string): Promise<ChatMessage | undefined> {
      latest = Math.max(latest + 1, Date.now());
      const unsent = { id: randomUuid(), room, text, at: latest };
      tried(() => storage().setItem(unsentKey(unsent.id), JSON.stringify(unsent)));
      setDraft(room, '');
      return deliver(unsent);
    },
    /** Sends what an earlier page could not. */
    resume(): void {
      const kept = tried(() => unsentIn(storage(), unsentKey(''))) ?? [];
      for (const unsent of kept.toSorted((a, b) => a.at - b.at))
        if (!read(unsent.room).waiting.some(({ id }) => id === unsent.id)) void deliver(unsent);
    },
    /** For `useSyncExternalStore`. */
    subscribe(listener: () => void): () => void {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

export type Outbox = ReturnType<typeof openOutbox>;

const isRefusal = (error: unknown) =>
  typeof error === 'object' && error !== null && 'status' in error && typeof error.status === 'number';

function unsentIn(storage: Kept, prefix: string): Unsent[] {
  const keys = Array.from({ length: storage.length }, (_, index) => storage.key(index));
  return keys.flatMap((key) => {
    if (!key?.startsWith(prefix)) return [];
    const kept = tried(() => JSON.parse(storage.getItem(key) ?? 'null') as Partial<Unsent> | null);
    const { id, room, text, at } = kept ?? {};
    return id && room && text && at ? [{ id, room, text, at }] : [];
  });
}

/** Storage may be forbidden or full, or hold what another version wrote. */
function tried<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}
