import type { Readable } from 'node:stream';
import type { StoredFile } from '@labwright/contract-hub/files';
import type { Routes } from '@labwright/kernel/http';
import type { DataStore } from '@tus/utils';
import type { UploadTerms } from './uploads/policy.ts';

/** `incoming`: what clients write, and nobody reads but the check. `kept`: what was checked, and nobody writes any more. */
export type Place = 'incoming' | 'kept';

/** One object of the store, whoever it belongs to. */
export interface Listed {
  readonly key: string;
  readonly place: Place;
  /** Of the file that it belongs to, or belonged to. */
  readonly id: string;
  readonly modifiedMs: number;
}

/** What a link says of the file that it leads to. */
export interface Linked {
  readonly id: string;
  /** In `kept`. */
  readonly key: string;
  readonly name: string;
}

/**
 * Where the bytes are. The promise is this: what is sent to `form` is taken only as the policy says, whoever sends it; bytes are
 * served only from `kept`; and what is `kept` under an id never changes.
 */
export interface FileStore {
  readonly name: string;
  /** Rejects with what to do where the store cannot be used. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Where a form with the file is sent, and the fields that have to stand before it. */
  form(terms: UploadTerms): Promise<{ url: string; fields: Record<string, string> }>;
  /** How many bytes are there; undefined where nothing is. What comes in pieces is there from its first piece on. */
  arrived(id: string): Promise<number | undefined>;
  /**
   * Puts a copy of what came in under a key of `kept` that nobody had before, durably, and answers the key. What came in stays. Checked
   * is the copy: whatever comes in afterwards, or meanwhile, touches it no more. Undefined where nothing came in.
   */
  keep(id: string): Promise<string | undefined>;
  readKept(key: string, range?: { start: number; end: number }): Promise<Readable>;
  /** Everything that came in under this id, also what is half written. Nothing there: nothing. */
  discardIncoming(id: string): Promise<void>;
  /** A page of everything there is, in the order of the keys. `after` is `next` of the page before. */
  list(after: string | null, limit: number): Promise<{ objects: Listed[]; next: string | null }>;
  remove(key: string): Promise<void>;
  /** Where the bytes can be fetched until then by whoever has the link. */
  link(file: Linked, expiresMs: number): Promise<string>;
  /** Files in pieces: they gather in `incoming`. */
  readonly pieces: {
    readonly store: () => Promise<DataStore>;
    /** How that store names them. */
    readonly idOf: (id: string) => string;
  };
  /** What this process serves itself where no other server does. */
  routes?(served: Served): Routes;
}

/** A file whose bytes may be fetched, and where they are. */
export type ReadyFile = StoredFile & { readonly kept_key: string };

/** What a store that serves itself asks of the rows. */
export interface Served {
  /** Throws `upload_used`, `upload_expired` or `file_not_found` where nothing is expected under this id. */
  readonly expects: (id: string) => Promise<void>;
  /** Told of each file that is there as a whole. */
  readonly arrived: (id: string) => Promise<void>;
  /** Throws where there is nothing to serve under this id. */
  readonly ready: (id: string) => Promise<ReadyFile>;
}
