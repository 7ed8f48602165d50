import { errorCatalogue } from '@labwright/kernel/errors';

/** Every error of device-service beside the common ones. A test proves that each is used and documented. */
export const deviceErrors = errorCatalogue({
  device_not_found: {
    status: 404,
    title: 'There is no such device',
    remedy: '`GET /devices` lists the devices; ids are case-sensitive.',
  },
  device_exists: { status: 409, title: 'A device has this id already', remedy: 'Choose another id.' },
  device_busy: {
    status: 409,
    title: 'Another workflow holds the device',
    remedy:
      'Queue with `POST /devices/{id}/queue`; `holder`, `queue_length` and `wait` say how long it takes.',
  },
  device_in_maintenance: {
    status: 409,
    title: 'The device is in maintenance',
    remedy: 'Queue, or wait until it is back: its queue is kept.',
  },
  device_paused: {
    status: 409,
    title: 'The device is paused',
    remedy: 'Resume it with `PATCH /devices/{id}` and `{"paused": false}`.',
  },
  device_operating: {
    status: 409,
    title: 'The device is carrying out an operation',
    remedy:
      'Wait until the operation that `execution_id` names has ended, or stop it with `POST /devices/{id}/abort`.',
  },
  nothing_running: {
    status: 409,
    title: 'The device is doing nothing',
    remedy: '`GET /execution-logs/{device_id}` tells what it did last.',
  },
  not_the_holder: {
    status: 403,
    title: 'The workflow does not hold the device',
    remedy: 'Only the workflow that holds the booking may use or release the device. Book it first.',
  },
  queue_entry_not_found: {
    status: 404,
    title: 'There is no such entry in this queue',
    remedy: '`GET /devices/{id}/queue` lists the entries.',
  },
  queue_entry_not_waiting: {
    status: 409,
    title: 'The entry does not wait any more',
    remedy: 'It was booked or cancelled meanwhile; `entry` shows how it stands. Release the booking instead.',
  },
  queue_entry_changed: {
    status: 409,
    title: 'The entry has another priority by now',
    remedy:
      'Somebody else moved it: `entry` shows how it stands. Look again, and ask with what you see then.',
  },
  unknown_operation: {
    status: 400,
    title: 'The device cannot do this operation',
    remedy: '`capabilities` of the device names what it can do.',
  },
  unknown_device_type: {
    status: 400,
    title: 'There is no driver for this type of device',
    remedy: '`known_types` names the types.',
  },
  execution_not_found: {
    status: 404,
    title: 'There is no such execution',
    remedy: 'Look it up in `GET /execution-logs`.',
  },
  execution_id_reused: {
    status: 422,
    title: 'The execution id belongs to another operation',
    remedy: 'Use a new execution_id for a new operation.',
  },
  invalid_range: {
    status: 400,
    title: 'The time range is not valid',
    remedy: 'Give `start` and `end` as dates (whole days, UTC) or ISO 8601 times, start not after end.',
  },
  invalid_cursor: {
    status: 400,
    title: 'The cursor is not one of ours',
    remedy: 'Use `next_cursor` or `prev_cursor` of an earlier answer, unchanged, with the same filters.',
  },
});

/** How many wait for a busy device, for people: `nobody waits`, `2 others wait`. */
export const othersWait = (number: number): string =>
  number === 0 ? 'nobody waits' : number === 1 ? 'one other waits' : `${number} others wait`;
