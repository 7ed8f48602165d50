import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';

/** Notes that a request to book or queue for this workflow may still arrive. */
export const noteLostRequest = command(
  'workflows.lost_requests.note',
  `INSERT INTO lost_requests (workflow_id, device_id) VALUES ($1, $2)
   ON CONFLICT (workflow_id) DO UPDATE SET at = clock_timestamp()`,
);

export const findLostRequest = rows(
  'workflows.lost_requests.find',
  Type.Object({ workflow_id: Type.String() }),
  'SELECT workflow_id FROM lost_requests WHERE workflow_id = $1',
);

/** No request lives for a week. */
export const forgetLostRequests = command(
  'workflows.lost_requests.forget',
  `DELETE FROM lost_requests WHERE at < now() - interval '7 days'`,
);
