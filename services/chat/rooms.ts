import { chatErrors } from '@labwright/contract-hub/chat-errors';
import { atLeast, type Principal } from '@labwright/kernel/identity';

/** The rooms of runs, of devices and of the laboratory are open to all who may look; `user:ID` to that person alone. Throws `room_forbidden`. */
export function assertMayRead(principal: Principal, room: string): void {
  const open = room.startsWith('user:')
    ? room === `user:${principal.id}`
    : atLeast(principal.role, 'viewer') && inScope(principal, 'chat:read');
  if (!open) throw chatErrors.problem('room_forbidden', `${principal.name} may not read ${room}.`);
}

/** Throws `room_forbidden`. */
export function assertMayWrite(principal: Principal, room: string): void {
  if (atLeast(principal.role, 'scientist') && inScope(principal, 'chat:write')) return;
  throw chatErrors.problem(
    'room_forbidden',
    `${principal.name} is ${principal.role} and may read ${room}; to write takes the role scientist${principal.scopes ? ' and the scope chat:write' : ''}.`,
  );
}

/** Whoever may write may read. */
const inScope = ({ scopes }: Principal, wanted: string) =>
  scopes === null || scopes.includes(wanted) || scopes.includes('chat:write');

/** What a room is about, in the words of an announcement. */
export function subjectOf(room: string): { room: string; device_id?: string; workflow_id?: string } {
  const [kind, id] = room.split(':', 2);
  if (id && kind === 'device') return { room, device_id: id };
  if (id && kind === 'run') return { room, workflow_id: id };
  return { room };
}

/** For people to read: `run 4711`. */
export const nameOf = (room: string): string => (room === 'lab' ? 'the laboratory' : room.replace(':', ' '));
