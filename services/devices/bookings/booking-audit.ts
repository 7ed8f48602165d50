import { auditSql } from '@labwright/audit';

/** On record in the very statement that books, which needs no further exchange. Without a context: the system. */
export const bookingAudit = (context?: string) =>
  auditSql({
    action: `'device.book'`,
    subject: `'device:' || device_id`,
    after: `jsonb_build_object('booking_id', id::text, 'workflow_id', workflow_id, 'fencing_token', fencing_token,
                               'queue_entry_id', queue_entry_id::text)`,
    ...(context ? { context } : { reason: `'the first of the queue'` }),
    from: 'booking',
  });
