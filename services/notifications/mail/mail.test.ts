import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { capturedMail } from '../channels/captured-mail.ts';
import { openNotifications, type TestNotifications } from '../testing/open.ts';

let hub: TestNotifications;
before(async () => {
  hub = await openNotifications();
  hub.channels.email.send = capturedMail(hub.db).send;
});
after(() => hub.close());

test('captured mail is read by administrators, newest first, by pages', async () => {
  await hub.subscribeMany(1, 3, 'email');
  await hub.announce({ title: 'PCR failed' });
  await hub.settled();
  assert.equal((await hub.request('GET', '/mail')).status, 403);
  hub.as({ role: 'admin' });
  const first = await hub.request('GET', '/mail?limit=2');
  const rest = await hub.request('GET', `/mail?limit=2&cursor=${first.body.next_cursor}`);
  const mail = [...(first.body.mail as []), ...(rest.body.mail as [])] as {
    recipient: string;
    subject: string;
    text: string;
  }[];
  assert.deepEqual(mail.map(({ recipient }) => recipient).sort(), [
    'p-0000001@example.org',
    'p-0000002@example.org',
    'p-0000003@example.org',
  ]);
  assert.equal(mail[0]?.subject, '[warning] PCR failed');
  assert.ok(mail[0]?.text.includes('http://hub.test/workflows/w1'));
  assert.equal((await hub.request('GET', '/mail?cursor=x')).body.code, 'invalid_cursor');
});
