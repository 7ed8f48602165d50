import type { Announcer } from '@labwright/contract-hub/announce';
import type { ChatMessage } from '@labwright/contract-hub/chat';
import type { PeopleApi } from '@labwright/contract-hub/people';
import type { Authenticate } from '@labwright/kernel/identity';
import type { ServiceDeps } from '@labwright/kernel/service';

/** What the parts of chat share. */
export interface ChatDeps extends ServiceDeps {
  readonly settings: ChatSettings;
  /** Who asks over a socket; the very one that HTTP has. */
  readonly authenticate: Authenticate;
  /** Tells people who were mentioned; without it nobody is told. */
  readonly announcer: Announcer | undefined;
  /** Whose names can be mentioned; without it, whoever wrote or followed a room. */
  readonly people: PeopleApi | undefined;
  /** Changes of one room that were committed here, to pass on to whoever follows it. */
  readonly committed: (room: string, messages: readonly ChatMessage[]) => void;
}

export interface ChatSettings {
  /** Milliseconds in which the author may change a message, and delete it. */
  editMs: number;
  deleteMs: number;
  /** Messages of one room that wait to be written before 503; and the most of one transaction. */
  mostWaiting: number;
  mostAtOnce: number;
  /** Bytes of one frame from a client. */
  largestFrame: number;
  /** Sockets of this process, and of one principal among them. */
  mostSockets: number;
  mostSocketsEach: number;
  /** Rooms that one socket follows or watches. */
  mostRooms: number;
  /** What waits to be sent to a socket that does not read, before it is cut off. */
  mostBehind: { frames: number; bytes: number };
  /** How often a second, and how many at once: messages of a principal, and frames of a socket. */
  sends: Rate;
  frames: Rate;
  /** Milliseconds between two looks whether those who listen still may. */
  renewMs: number;
  /** Milliseconds between two looks for changes of which no other process told. */
  lookMs: number;
  /** Milliseconds that a missing change is waited for before the table is asked. */
  gapMs: number;
  /** Milliseconds between two pings, and until an answer counts as missing. */
  pingMs: number;
  /** Milliseconds between two signs of life of this process, and until one that gives none counts as dead. */
  beatMs: number;
  leaseMs: number;
  /** Milliseconds in which comings and goings are gathered. */
  gatherMs: number;
  /** Milliseconds between two renewals of the names that can be mentioned. */
  namesMs: number;
}

export interface Rate {
  perSecond: number;
  atOnce: number;
}

export const defaultSettings: ChatSettings = {
  editMs: 15 * 60_000,
  deleteMs: 24 * 3_600_000,
  mostWaiting: 1_000,
  mostAtOnce: 200,
  largestFrame: 32_768,
  mostSockets: 10_000,
  mostSocketsEach: 50,
  mostRooms: 100,
  mostBehind: { frames: 1_000, bytes: 1_048_576 },
  sends: { perSecond: 5, atOnce: 20 },
  frames: { perSecond: 50, atOnce: 200 },
  renewMs: 10_000,
  lookMs: 2_000,
  gapMs: 20,
  pingMs: 10_000,
  beatMs: 5_000,
  leaseMs: 15_000,
  gatherMs: 200,
  namesMs: 60_000,
};
