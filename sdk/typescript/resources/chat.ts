import type { Caller, CallOptions } from '../http/call.ts';
import type { QueryOf } from '../http/routes.ts';
import { pages } from '../pages.ts';
import type { ChatMessage, ChatRoom } from '../types.ts';

const service = 'hub-service';

/** Rooms are `lab`, `device:ID` and `run:ID`. */
export function chatOf({ call }: Caller) {
  /** Everything that was written, edited or deleted after a change, in order: what `after` is given next is the `change` of the last one. */
  async function* changes(room: string, after = 0, options: CallOptions = {}) {
    for (let from = after, more = true; more; ) {
      const page = await call(service, 'GET', '/chat/rooms/{room}/changes', {
        path: { room },
        query: { after: from },
        ...options,
      });
      yield* page.messages;
      from = page.to;
      more = page.more;
    }
  }

  return {
    rooms: (filter: QueryOf<typeof service, '/chat/rooms'> = {}, options: CallOptions = {}) =>
      pages<ChatRoom>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const page = await call(service, 'GET', '/chat/rooms', { query, ...options, signal });
        return { rows: page.rooms, next_cursor: page.next_cursor };
      }, options),

    /** Newest first. */
    messages: (
      room: string,
      filter: QueryOf<typeof service, '/chat/rooms/{room}/messages'> = {},
      options: CallOptions = {},
    ) =>
      pages<ChatMessage>(async (cursor = filter.cursor, signal) => {
        const query = { ...filter, ...(cursor === undefined ? {} : { cursor }) };
        const input = { path: { room }, query, ...options, signal };
        const page = await call(service, 'GET', '/chat/rooms/{room}/messages', input);
        return { rows: page.messages, next_cursor: page.next_cursor };
      }, options),

    changes,

    post: (room: string, text: string, options: CallOptions = {}): Promise<ChatMessage> =>
      call(service, 'POST', '/chat/rooms/{room}/messages', { path: { room }, body: { text }, ...options }),

    edit: (room: string, id: string, text: string, options: CallOptions = {}): Promise<ChatMessage> =>
      call(service, 'PATCH', '/chat/rooms/{room}/messages/{id}', {
        path: { room, id },
        body: { text },
        ...options,
      }),

    remove: (room: string, id: string, options: CallOptions = {}): Promise<ChatMessage> =>
      call(service, 'DELETE', '/chat/rooms/{room}/messages/{id}', { path: { room, id }, ...options }),
  };
}
