import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import { Severity, type Subject } from '@labwright/contract-hub/notifications';
import type { Queryable } from '@labwright/kernel/db';
import { nullable, Timestamp } from '@labwright/kernel/http';
import { rows } from '@labwright/kernel/statement';
import Type, { type Static } from 'typebox';

/** A row of `notification_events`, as far as it says something to people. */
export const EventRow = Type.Object({
  id: Type.String(),
  type: Type.String(),
  severity: Severity,
  title: Type.String(),
  text: Type.String(),
  link: nullable(Type.String()),
  device_id: nullable(Type.String()),
  workflow_id: nullable(Type.String()),
  room: nullable(Type.String()),
  occurred_at: Timestamp,
});
export type EventRow = Static<typeof EventRow>;

/** Of a statement that names the table `e`. */
export const eventColumns =
  'e.id, e.type, e.severity, e.title, e.text, e.link, e.device_id, e.workflow_id, e.room, e.occurred_at';

/** `named`: its recipients are, so that nobody else is asked. */
const find = rows(
  'notifications.find_event',
  Type.Object({ ...EventRow.properties, named: Type.Boolean() }),
  `SELECT ${eventColumns}, e.recipients IS NOT NULL AS named FROM notification_events e WHERE e.id = $1`,
);

export const findEvent = (db: Queryable, id: string) => db.first(find, [id]);

export function subjectOf(row: Pick<EventRow, 'device_id' | 'workflow_id' | 'room'>): Static<typeof Subject> {
  const { device_id, workflow_id, room } = row;
  const subject: AnnouncedEvent['subject'] = {};
  if (device_id !== null) subject.device_id = device_id;
  if (workflow_id !== null) subject.workflow_id = workflow_id;
  if (room !== null) subject.room = room;
  return subject;
}
