import { NextCursor, nullable, Timestamp } from '@labwright/kernel/http/schemas';
import Type, { type Static } from 'typebox';

const id = '[A-Za-z0-9][A-Za-z0-9_.-]{0,49}';

/** A room to talk in: the whole laboratory, one run, one device. It is there once somebody writes. */
export const ChatRoom = Type.String({
  pattern: `^(lab|run:${id}|device:${id})$`,
  description: '`lab`, `run:ID` (a workflow) or `device:ID`.',
  examples: ['lab'],
});

/** A room in which state is told: those to talk in, and `user:ID`, which is for that person alone. */
export const LiveRoom = Type.String({
  pattern: `^(lab|run:${id}|device:${id}|user:${id})$`,
  description: '`lab`, `run:ID`, `device:ID` or `user:ID`.',
});

/** Characters of a message. */
export const longestText = 4_000;

const Text = Type.String({
  minLength: 1,
  maxLength: longestText,
  pattern: '^[^\\u0000]*\\S[^\\u0000]*$',
  description: `Up to ${longestText} characters, not only blanks. \`@name\` tells that person.`,
  examples: ['@ada the plate is ready'],
});

/** A row of `chat_messages`. */
export const ChatMessage = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    room: Type.String(),
    seq: Type.Integer({ description: 'The place of the message in its room: 1, 2, 3, … without a gap.' }),
    change: Type.Integer({
      description:
        'The place of its newest change (written, edited, deleted) among all changes of the room: whoever has seen `change` N asks for what is after N.',
    }),
    author_id: Type.String(),
    author_name: Type.String({ description: 'As it was when the message was written.' }),
    text: Type.String({ description: 'Empty once it is deleted.' }),
    mentions: Type.Array(Type.String(), { description: 'Ids of the people whom the text names.' }),
    created_at: Timestamp,
    edited_at: nullable(Timestamp),
    deleted_at: nullable(Timestamp),
  },
  { title: 'ChatMessage' },
);
export type ChatMessage = Static<typeof ChatMessage>;

export const PostMessageRequest = Type.Object(
  { text: Text },
  { title: 'PostMessageRequest', additionalProperties: false },
);
export const MessagePage = Type.Object(
  { messages: Type.Array(ChatMessage), next_cursor: NextCursor },
  { title: 'MessagePage' },
);
export const RoomRow = Type.Object(
  {
    room: Type.String(),
    last_seq: Type.Integer(),
    last_change: Type.Integer(),
    created_at: Timestamp,
    updated_at: Timestamp,
  },
  { title: 'RoomRow' },
);
export type RoomRow = Static<typeof RoomRow>;
export const RoomPage = Type.Object(
  { rooms: Type.Array(RoomRow), next_cursor: NextCursor },
  { title: 'RoomPage' },
);
export const Present = Type.Object({ id: Type.String(), name: Type.String() }, { title: 'Present' });
export type Present = Static<typeof Present>;
export const PresencePage = Type.Object(
  { people: Type.Array(Present), next_cursor: NextCursor },
  { title: 'PresencePage' },
);

/** The most changes that one page or one frame carries. */
export const changesPage = 200;

/**
 * A stretch of the changes of a room: everything after `from` up to `to`. A change that a later one of the same message
 * replaced is left out. The room as it stood at `to` is the room as it stood at `from` with these put in.
 */
export const ChangesFrame = Type.Object({
  room: Type.String(),
  from: Type.Integer(),
  to: Type.Integer(),
  messages: Type.Array(ChatMessage, { description: 'By `change`.' }),
});
export type ChangesFrame = Static<typeof ChangesFrame>;

export const ChangesAnswer = Type.Object(
  {
    ...ChangesFrame.properties,
    more: Type.Boolean({ description: 'Ask again, after `to`.' }),
  },
  { title: 'ChangesAnswer' },
);
export type ChangesAnswer = Static<typeof ChangesAnswer>;

export { socketPath } from './socket-path.ts';

const After = Type.Integer({ minimum: 0, maximum: 2_147_483_647 });

/** What a client asks for over the socket; each with an acknowledgement, `Ack`. */
export const asks = {
  /**
   * The talk of a room from now on. Answers `{position, newest}`: what is after `position` comes by itself, what is before is asked
   * for with `changes`. `newest` is how far the room has come: below what somebody has seen, its past is another one.
   */
  follow: Type.Object({ room: ChatRoom }, { additionalProperties: false }),
  unfollow: Type.Object({ room: ChatRoom }, { additionalProperties: false }),
  /** Answers `ChangesAnswer`. */
  changes: Type.Object({ room: ChatRoom, after: After }, { additionalProperties: false }),
  /**
   * Answers the message. Sent again with the same id, it is not written again. `as`: the id of whoever wrote it, where another person may have
   * signed in meanwhile, as in a browser; `another_person` is answered then, and nothing written.
   */
  send: Type.Object(
    { room: ChatRoom, id: Type.String({ format: 'uuid' }), text: Text, as: Type.Optional(Type.String()) },
    { additionalProperties: false },
  ),
  typing: Type.Object({ room: ChatRoom }, { additionalProperties: false }),
  /** What is published to a room (`Live`) from now on. */
  watch: Type.Object({ room: LiveRoom }, { additionalProperties: false }),
  unwatch: Type.Object({ room: LiveRoom }, { additionalProperties: false }),
} as const;
export type Ask = keyof typeof asks;
export type AskInput<A extends Ask> = Static<(typeof asks)[A]>;

export interface AskAnswers {
  follow: { position: number; newest: number };
  unfollow: Record<string, never>;
  changes: ChangesAnswer;
  send: ChatMessage;
  typing: Record<string, never>;
  watch: Record<string, never>;
  unwatch: Record<string, never>;
}

/** What the server tells without being asked. */
export interface Tells {
  changes: ChangesFrame;
  /** Somebody who types; over after five seconds without another one. */
  typing: { room: string; person: Present };
  /** Who came and who left; null: too many to name, `GET /chat/rooms/{room}/presence` has them. */
  presence: { room: string; joined: Present[]; left: Present[] } | { room: string; joined: null; left: null };
  live: { room: string; type: string; data: unknown };
}
