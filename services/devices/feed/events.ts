import { DeviceEvent, deviceErrors } from '@labwright/contract-devices';
import { defineFeed } from '@labwright/feed';

/** What happened to the instruments, as others read it. */
export const deviceEvents = defineFeed({
  name: 'devices',
  row: DeviceEvent,
  invalidCursor: (detail) => deviceErrors.problem('invalid_cursor', detail),
});
