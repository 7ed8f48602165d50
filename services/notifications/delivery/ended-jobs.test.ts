import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { nullable } from '@labwright/kernel/http/schemas';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { openNotifications, type TestNotifications } from '../testing/open.ts';
import { settleEndedJobs } from './ended-jobs.ts';

let hub: TestNotifications;
before(async () => {
  hub = await openNotifications();
  hub.channels.email.onSend = () => {
    throw new Error('the mail server is away');
  };
});
after(() => hub.close());

/** As the jobs of a version that tried ten times; $1 has their digest sent, too. */
const end = command(
  'test.ended_jobs.end',
  `UPDATE jobs SET state = 'dead', attempts = 10, run_at = NULL, finished_at = now(),
                   error = '{"name": "RetryAt", "message": "the mail server is away"}'
   WHERE queue = 'notifications.email' AND task LIKE $1 AND state IN ('retrying', 'scheduled')`,
);
/** What anybody may put into the queue who may give work to it. */
const odd = command(
  'test.ended_jobs.odd',
  `INSERT INTO jobs (queue, task, args, state, attempts, max_attempts, finished_at)
   SELECT 'notifications.email', task, args, 'dead', 1, 1, now()
   FROM unnest($1::text[]) AS task, unnest($2::jsonb[]) AS args`,
);
const found = rows(
  'test.ended_jobs.found',
  Type.Object({ person_id: Type.String(), state: Type.String(), error: nullable(Type.String()) }),
  'SELECT person_id, state, error FROM notification_deliveries ORDER BY person_id',
);
const sending = command(
  'test.ended_jobs.sending',
  `UPDATE notification_deliveries SET state = 'sending' WHERE person_id = 'p-0000002'`,
);

test('what a job leaves that ended without its delivery is failed, or unknown, with the reason; all else stays', async () => {
  await hub.subscribeMany(1, 2, 'email');
  await hub.request(
    'POST',
    '/notifications/subscriptions',
    { channel: 'email', event_type: 'workflow.*', digest: 'hourly' },
    'p-0000003',
  );
  await hub.announce();
  await hub.settled();
  const states = async () => (await hub.db.query(found)).map(({ state }) => state);
  assert.deepEqual(await states(), ['pending', 'pending', 'collected']);
  const tasks = ['notifications.send.email', 'notifications.digest.email', 'another.task'];
  await hub.db.execute(odd, [tasks, ['null', '7', '{"event_id": "x", "person_id": 7}', '{"digest_id": []}']]);
  await settleEndedJobs(hub.deps, new AbortController().signal);
  assert.deepEqual(await states(), ['pending', 'pending', 'collected'], 'their jobs are there');

  await hub.db.execute(sending);
  await hub.db.execute(end, ['%.send.%']);
  await settleEndedJobs(hub.deps, new AbortController().signal);
  assert.deepEqual(await states(), ['failed', 'unknown', 'collected']);
  await hub.db.execute(end, ['%.digest.%']);
  await settleEndedJobs(hub.deps, new AbortController().signal);
  assert.deepEqual(await states(), ['failed', 'unknown', 'failed']);
  for (const { error } of await hub.db.query(found))
    assert.match(error ?? '', /^Its job \d+ ended after 10 attempts: the mail server is away$/);

  hub.as({ role: 'admin' });
  const { body } = await hub.request('GET', '/notifications/failures');
  assert.equal((body.deliveries as unknown[]).length, 3);
  const again = await hub.db.query(found);
  await settleEndedJobs(hub.deps, new AbortController().signal);
  assert.deepEqual(await hub.db.query(found), again);
});
