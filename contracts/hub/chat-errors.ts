import { errorCatalogue } from '@labwright/kernel/errors';

/** Every error of chat beside the common ones. */
export const chatErrors = errorCatalogue({
  room_forbidden: {
    status: 403,
    title: 'This room is not open to you',
    remedy: '`user:ID` is for that person alone; to write takes the role scientist.',
  },
  message_not_found: {
    status: 404,
    title: 'There is no such message in this room',
    remedy: '`GET /chat/rooms/{room}/messages` lists them.',
  },
  not_your_message: {
    status: 403,
    title: 'Somebody else wrote this message',
    remedy: 'Only its author changes a message; an administrator may delete it.',
  },
  another_person: {
    status: 403,
    title: 'Somebody else is signed in by now',
    remedy: 'Nothing was written. Whoever wrote the message signs in again, and sends it.',
  },
  too_late: {
    status: 409,
    title: 'The message cannot be changed any more',
    remedy: 'Write another one. `detail` says how long a message can be changed and deleted.',
  },
  message_deleted: {
    status: 409,
    title: 'The message was deleted',
    remedy: 'Write another one.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    remedy: 'Use `next_cursor` of an earlier answer of the same room, unchanged.',
  },
  too_fast: {
    status: 429,
    title: 'Too much at once',
    remedy: 'Wait for the time that Retry-After (`retry_after` on a socket) names.',
  },
  too_many_rooms: {
    status: 409,
    title: 'This socket follows as many rooms as it may',
    remedy: 'Leave a room first.',
  },
  too_many_sockets: {
    status: 429,
    title: 'Too many sockets are open',
    remedy: 'Close one, or try again later.',
  },
});
