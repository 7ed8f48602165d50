import {
  ChangesAnswer,
  ChatMessage,
  ChatRoom,
  MessagePage,
  PostMessageRequest,
  PresencePage,
  RoomPage,
} from '@labwright/contract-hub/chat';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import { currentPrincipal } from '@labwright/kernel/identity';
import Type from 'typebox';
import type { ChatDeps } from './deps.ts';
import { listRooms } from './list-rooms.ts';
import { deleteMessage } from './messages/delete-message.ts';
import { editMessage } from './messages/edit-message.ts';
import { listMessages } from './messages/list-messages.ts';
import { findMessage } from './messages/message-row.ts';
import type { MessageWriter } from './messages/message-writer.ts';
import { postMessage } from './messages/post-message.ts';
import { readChanges } from './messages/read-changes.ts';
import type { SendLimit } from './messages/send-limit.ts';
import { listPresent } from './presence/tables.ts';
import { assertMayRead } from './rooms.ts';

const tags = ['chat'];
const usualLimit = 50;
const RoomParams = Type.Object({ room: ChatRoom });
const MessageParams = Type.Object({
  room: ChatRoom,
  id: Type.String({ format: 'uuid', description: 'The id of the message.' }),
});
const Page = Type.Object(PageQuery, { additionalProperties: false });
const ChangesQuery = Type.Object(
  {
    after: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 2_147_483_647,
        default: 0,
        description: '`to` of the answer before, or the greatest `change` that was seen.',
      }),
    ),
  },
  { additionalProperties: false },
);

export const chatRoutes =
  (deps: ChatDeps, { writer, limit }: { writer: MessageWriter; limit: SendLimit }) =>
  (app: App) => {
    app.get(
      '/chat/rooms',
      {
        config: { access: 'viewer' },
        schema: {
          summary: 'Rooms in which somebody has written, by name',
          tags,
          querystring: Page,
          response: answers({ 200: RoomPage }),
        },
      },
      ({ query: { limit: rows = usualLimit, cursor } }) => listRooms(deps.db, { limit: rows, cursor }),
    );

    app.get(
      '/chat/rooms/:room/messages',
      {
        config: { access: 'viewer' },
        schema: {
          summary: 'Messages of a room, newest first',
          description: 'Deleted ones keep their place, without a text. A room is there once somebody writes.',
          tags,
          params: RoomParams,
          querystring: Page,
          response: answers({ 200: MessagePage }),
        },
      },
      async ({ params: { room }, query: { limit: rows = usualLimit, cursor } }) => {
        assertMayRead(currentPrincipal(), room);
        return listMessages(deps.db, { room, limit: rows, cursor });
      },
    );

    app.get(
      '/chat/rooms/:room/changes',
      {
        config: { access: 'viewer' },
        schema: {
          summary: 'What changed in a room after the last change that was seen, oldest first',
          description:
            'Written, edited and deleted messages as they stand now, each once. Nothing at or below `to` appears later on: ask again from there.',
          tags,
          params: RoomParams,
          querystring: ChangesQuery,
          response: answers({ 200: ChangesAnswer }),
        },
      },
      async ({ params: { room }, query: { after = 0 } }) => {
        assertMayRead(currentPrincipal(), room);
        return readChanges(deps.db, { room, after });
      },
    );

    app.post(
      '/chat/rooms/:room/messages',
      {
        config: { access: 'scientist' },
        schema: {
          summary: 'Write a message',
          description: '`@name` tells that person: their name with dots for blanks, or their e-mail name.',
          tags,
          params: RoomParams,
          body: PostMessageRequest,
          response: answers({ 201: ChatMessage }),
        },
      },
      async ({ params: { room }, body, actionId }, reply) => {
        const principal = currentPrincipal();
        await limit(principal.id);
        const message = await postMessage(deps, writer, { room, id: actionId, text: body.text, principal });
        return reply.code(201).header('location', `/chat/rooms/${room}/messages/${message.id}`).send(message);
      },
    );

    app.get(
      '/chat/rooms/:room/messages/:id',
      {
        config: { access: 'viewer' },
        schema: {
          summary: 'One message',
          tags,
          params: MessageParams,
          response: answers({ 200: ChatMessage }),
        },
      },
      async ({ params: { room, id } }) => {
        assertMayRead(currentPrincipal(), room);
        return findMessage(deps.db, room, id);
      },
    );

    app.patch(
      '/chat/rooms/:room/messages/:id',
      {
        config: { access: 'scientist' },
        schema: {
          summary: 'Change the text of your own message, for 15 minutes',
          tags,
          params: MessageParams,
          body: PostMessageRequest,
          response: answers({ 200: ChatMessage }),
        },
      },
      async ({ params: { room, id }, body, actionId }) =>
        editMessage(deps, { room, id, text: body.text, actionId, principal: currentPrincipal() }),
    );

    app.delete(
      '/chat/rooms/:room/messages/:id',
      {
        config: { access: 'scientist' },
        schema: {
          summary: 'Delete your own message, for 24 hours; an administrator any message',
          description: 'Its place stays, without a text.',
          tags,
          params: MessageParams,
          response: answers({ 200: ChatMessage }),
        },
      },
      async ({ params: { room, id } }) => deleteMessage(deps, { room, id, principal: currentPrincipal() }),
    );

    app.get(
      '/chat/rooms/:room/presence',
      {
        config: { access: 'viewer' },
        schema: {
          summary: 'Who follows a room right now',
          description: 'Of a process that died, for 15 seconds still.',
          tags,
          params: RoomParams,
          querystring: Page,
          response: answers({ 200: PresencePage }),
        },
      },
      async ({ params: { room }, query: { limit: rows = usualLimit, cursor } }) => {
        assertMayRead(currentPrincipal(), room);
        return listPresent(deps.db, { room, limit: rows, cursor });
      },
    );
  };
