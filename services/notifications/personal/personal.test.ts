import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import type { Person } from '@labwright/contract-hub/people';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { openNotifications, type TestNotifications } from '../testing/open.ts';
import { welcomeEverybody } from './welcome.ts';

const staff: Person[] = Array.from({ length: 2_300 }, (_, n) => ({
  id: `s-${String(n).padStart(4, '0')}`,
  name: `Staff ${n}`,
  email: n === 7 ? null : `s${n}@example.org`,
  role: 'scientist',
  locked: false,
}));
let hub: TestNotifications;
before(async () => {
  hub = await openNotifications({
    people: {
      find: async (ids) => staff.filter(({ id }) => ids.includes(id)),
      page: async (after, limit) => staff.filter(({ id }) => after === null || id > after).slice(0, limit),
    },
  });
});
after(() => hub.close());

const me = 's-0001';
const ask = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: object, person = me) =>
  hub.request(method, `/notifications/${path}`, body, person);
const outcome = ({ status, body }: { status: number; body: { code?: string } }) => [status, body.code];

test('whoever comes first has the default subscriptions; what they delete stays deleted', async () => {
  const list = async () =>
    (await ask('GET', 'subscriptions')).body.subscriptions as { id: string; event_type: string }[];
  const first = await list();
  assert.deepEqual(first.map(({ event_type }) => event_type).sort(), [
    '*',
    'laboratory.*',
    'workflow.completed',
  ]);
  for (const { id } of first) assert.equal((await ask('DELETE', `subscriptions/${id}`)).status, 200);
  assert.deepEqual(await list(), []);
  await welcomeEverybody(hub.db, hub.deps.people, new AbortController().signal);
  assert.deepEqual(await list(), []);
});

test('everybody with an account gets them, in pages, whether they came or not', async () => {
  await welcomeEverybody(hub.db, hub.deps.people, new AbortController().signal);
  const { id } = await hub.announce();
  await hub.settled();
  const told = (await hub.inboxes()).filter(({ event_id }) => event_id === id);
  // All but the one who deleted theirs.
  assert.equal(told.length, staff.length - 1);
});

test('a subscription is there once; asked for again in another way it names the one that is there', async () => {
  const wish = { channel: 'email', event_type: 'device.*', device_id: 'reader-1' };
  const made = await ask('POST', 'subscriptions', wish);
  assert.equal(made.status, 201);
  const again = await ask('POST', 'subscriptions', { ...wish, digest: 'daily' });
  assert.deepEqual(outcome(again), [409, 'subscription_exists']);
  assert.equal(again.body.id, (made.body.subscription as { id: string }).id);
});

test('subscriptions that are none are refused, with the place of the fault', async () => {
  for (const wish of [
    {},
    { channel: 'pigeon' },
    { channel: 'in_app', event_type: 'Workflow failed' },
    { channel: 'in_app', event_type: 'workflow' },
    { channel: 'in_app', device_id: 'a b' },
    { channel: 'in_app', workflow_id: '* x' },
    { channel: 'in_app', min_severity: 'loud' },
    { channel: 'in_app', digest: 'weekly' },
    { channel: 'in_app', extra: 1 },
  ])
    assert.deepEqual(
      outcome(await ask('POST', 'subscriptions', wish)),
      [400, 'validation_failed'],
      JSON.stringify(wish),
    );
});

test('a channel that does not know where to reach somebody is refused', async () => {
  assert.deepEqual(outcome(await ask('POST', 'subscriptions', { channel: 'email' }, 's-0007')), [
    409,
    'no_address',
  ]);
  assert.deepEqual(outcome(await ask('POST', 'subscriptions', { channel: 'slack' })), [409, 'no_address']);
  assert.deepEqual(outcome(await ask('POST', 'addresses/slack/test')), [409, 'no_address']);
  assert.deepEqual(outcome(await ask('DELETE', 'addresses/slack')), [409, 'no_address']);
});

const fill = command(
  'test.personal.fill',
  `INSERT INTO notification_subscriptions (id, person_id, channel, event_type)
   SELECT gen_random_uuid(), $1, 'in_app', 'workflow.x' || n FROM generate_series(1, 200) AS n`,
);

test('nobody has more than 200, and nobody deletes those of others', async () => {
  await hub.db.execute(fill, ['s-0002']);
  const answer = await ask('POST', 'subscriptions', { channel: 'in_app', event_type: 'chat.*' }, 's-0002');
  assert.deepEqual(outcome(answer), [409, 'too_many_subscriptions']);
  const [theirs] = (await ask('GET', 'subscriptions', undefined, 's-0002')).body.subscriptions as {
    id: string;
  }[];
  assert.deepEqual(outcome(await ask('DELETE', `subscriptions/${theirs?.id}`)), [
    404,
    'subscription_not_found',
  ]);
});

test('preferences are kept; those that cannot be are refused', async () => {
  const wanted = {
    time_zone: 'Europe/Berlin',
    quiet_hours: { from: '22:00', until: '07:00' },
    digest_at: '09:15',
  };
  assert.equal((await ask('PUT', 'preferences', wanted)).status, 200);
  assert.deepEqual((await ask('GET', 'preferences')).body, wanted);
  for (const wrong of [
    { ...wanted, time_zone: 'Europe/Atlantis' },
    { ...wanted, quiet_hours: { from: '07:00', until: '07:00' } },
  ])
    assert.deepEqual(outcome(await ask('PUT', 'preferences', wrong)), [400, 'invalid_preferences']);
  for (const wrong of [
    { ...wanted, time_zone: '+01:00' },
    { ...wanted, digest_at: '24:00' },
    { time_zone: 'UTC' },
  ])
    assert.deepEqual(outcome(await ask('PUT', 'preferences', wrong)), [400, 'validation_failed']);
});

test('the real channels refuse addresses at which nothing may be sent', async () => {
  const { webhookChannel } = await import('../channels/webhook.ts');
  const { isPublic } = await import('../channels/addresses.ts');
  const real = webhookChannel({ rule: isPublic, clock: hub.deps.clock });
  hub.channels.webhook.checkAddress = (address) => real.checkAddress?.(address);
  for (const url of [
    'http://127.0.0.1/',
    'http://[::1]/x',
    'gopher://x.example/',
    'https://a:b@x.example/',
    'this is no address',
  ])
    assert.deepEqual(outcome(await ask('PUT', 'addresses/webhook', { url })), [400, 'invalid_address'], url);
});

test('an address shows its secret once, and never its path; a test message goes there at once', async () => {
  const set = await ask('PUT', 'addresses/webhook', { url: 'https://hooks.example/T1/B2/secret?x=1' });
  assert.match(String(set.body.secret), /^whsec_[A-Za-z0-9+/]{43}=$/);
  const listed = (await ask('GET', 'addresses')).body;
  assert.deepEqual((listed.addresses as { url: string }[])[0]?.url, 'https://hooks.example/…');
  assert.ok(!JSON.stringify(listed).includes('whsec_'));
  assert.equal((await ask('POST', 'addresses/webhook/test')).status, 200);
  const [message] = hub.channels.webhook.sent;
  assert.deepEqual(
    [message?.kind, message?.to.address, message?.to.secret],
    ['test', 'https://hooks.example/T1/B2/secret?x=1', set.body.secret],
  );
  hub.channels.webhook.onSend = () => {
    throw new Error('hooks.example answered 500.');
  };
  assert.deepEqual(outcome(await ask('POST', 'addresses/webhook/test')), [422, 'address_refused']);
  const again = await ask('PUT', 'addresses/webhook', { url: 'https://hooks.example/T1/B2/secret?x=1' });
  assert.notEqual(again.body.secret, set.body.secret);
  assert.equal((await ask('DELETE', 'addresses/webhook')).status, 200);
});

const recorded = rows(
  'test.personal.recorded',
  Type.Object({
    action: Type.String(),
    actor: Type.String(),
    before: nullable(Type.String()),
    after: nullable(Type.String()),
  }),
  `SELECT action, context->'actor'->>'id' AS actor, before::text AS before, after::text AS after FROM audit_pending ORDER BY id`,
);

test('what people change is on record, once each, and never a secret', async () => {
  const who = 's-0100';
  const known = (await hub.db.query(recorded)).length;
  const wish = { channel: 'in_app', event_type: 'device.*' };
  const made = await ask('POST', 'subscriptions', wish, who);
  await ask('DELETE', `subscriptions/${(made.body.subscription as { id: string }).id}`, undefined, who);
  await ask('DELETE', `subscriptions/${randomUUID()}`, undefined, who);
  await ask('PUT', 'preferences', { time_zone: 'UTC', quiet_hours: null, digest_at: '08:00' }, who);
  const set = await ask('PUT', 'addresses/webhook', { url: 'https://hooks.example/hidden-path' }, who);
  await ask('DELETE', 'addresses/webhook', undefined, who);
  await ask('DELETE', 'addresses/webhook', undefined, who);
  const entries = (await hub.db.query(recorded)).slice(known);
  assert.deepEqual(
    entries.map(({ action }) => action),
    [
      'subscription.create',
      'subscription.delete',
      'notification_preferences.change',
      'notification_address.set',
      'notification_address.remove',
    ],
  );
  assert.deepEqual([...new Set(entries.map(({ actor }) => actor))], [who]);
  const text = JSON.stringify(entries);
  assert.ok(!text.includes('hidden-path') && !text.includes(String(set.body.secret)));
});
