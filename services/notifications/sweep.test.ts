import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { capturedMail } from './channels/captured-mail.ts';
import { sweep } from './sweep.ts';
import { openNotifications, type TestNotifications } from './testing/open.ts';

let hub: TestNotifications;
before(async () => {
  hub = await openNotifications();
  hub.channels.email.send = capturedMail(hub.db).send;
});
after(() => hub.close());

const age = [
  command(
    'test.sweep.age_event',
    `UPDATE notification_events SET announced_at = now() - interval '91 days' WHERE id = $1`,
  ),
  command(
    'test.sweep.age_digests',
    `UPDATE notification_digests SET due_at = now() - interval '94 days' WHERE $1::uuid IS NOT NULL`,
  ),
  command(
    'test.sweep.age_mail',
    `UPDATE notification_mail SET created_at = now() - interval '8 days' WHERE $1::uuid IS NOT NULL`,
  ),
];
const left = rows(
  'test.sweep.left',
  Type.Object({
    events: Type.Integer(),
    inbox: Type.Integer(),
    deliveries: Type.Integer(),
    digests: Type.Integer(),
    mail: Type.Integer(),
  }),
  `SELECT (SELECT count(*)::int FROM notification_events) AS events, (SELECT count(*)::int FROM notification_inbox) AS inbox,
          (SELECT count(*)::int FROM notification_deliveries) AS deliveries,
          (SELECT count(*)::int FROM notification_digests) AS digests, (SELECT count(*)::int FROM notification_mail) AS mail`,
);

test('what is old goes, with all that came of it, in batches; what is not stays', async () => {
  await hub.subscribeMany(1, 12_000);
  await hub.subscribeMany(1, 3, 'email');
  await hub.request(
    'POST',
    '/notifications/subscriptions',
    { channel: 'email', digest: 'hourly', event_type: 'device.*' },
    'p-0000009',
  );
  const old = await hub.announce({ type: 'device.paused' });
  await hub.settled();
  for (const statement of age) await hub.db.execute(statement, [old.id]);
  const kept = await hub.announce({ recipients: ['p-0000001'] });
  await hub.settled();
  assert.deepEqual(await hub.db.first(left), {
    events: 2,
    inbox: 12_001,
    deliveries: 5,
    digests: 1,
    mail: 4,
  });

  await sweep(hub.deps, AbortSignal.abort());
  assert.equal((await hub.db.first(left))?.events, 2, 'a stop ends it early');

  await sweep(hub.deps, new AbortController().signal);
  assert.deepEqual(await hub.db.first(left), { events: 1, inbox: 1, deliveries: 1, digests: 0, mail: 1 });
  assert.deepEqual(
    (await hub.inboxes()).map(({ event_id }) => event_id),
    [kept.id],
  );
});
