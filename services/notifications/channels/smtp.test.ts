import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, test } from 'node:test';
import { freePort } from '@labwright/kernel/testing';
import { type MailServer, startMailServer } from '../testing/mail-server.ts';
import { type Message, type NotificationChannel, Uncertain, Undeliverable } from './channel.ts';
import { anItem } from './conformance.ts';
import { smtpChannel } from './smtp.ts';

let server: MailServer;
let channel: NotificationChannel;
before(async () => {
  server = await startMailServer();
  channel = smtpChannel({ url: server.url, from: 'Labwright <lab@example.org>' });
});
beforeEach(() => {
  server.behave = 'accept';
  server.mail.length = 0;
});
after(async () => {
  await channel.stop();
  await server.close();
});

const go = new AbortController().signal;
const messageTo = (address: string, given: Partial<Message> = {}): Message => ({
  id: randomUUID(),
  kind: 'single',
  to: { person_id: 'p1', name: 'Ada "the first", Lovelace', address, secret: null },
  items: [anItem()],
  more: 0,
  again: false,
  ...given,
});
const refused = async (work: Promise<void>): Promise<Error> =>
  work.then(
    () => assert.fail('it was taken'),
    (error: Error) => error,
  );

test('a mail as a mailbox gets it', async () => {
  const message = messageTo('ada@example.org');
  await channel.send(message, go);
  const [mail] = server.mail;
  assert.equal(mail?.subject, '[warning] PCR 7 failed');
  assert.equal(mail?.from?.text, '"Labwright" <lab@example.org>');
  const to = mail?.to;
  assert.equal(to && !Array.isArray(to) ? to.value[0]?.address : undefined, 'ada@example.org');
  assert.equal(mail?.messageId, `<${message.id}@example.org>`);
  assert.equal(mail?.headers.get('auto-submitted'), 'auto-generated');
  assert.ok(mail?.text?.includes('the tip is clogged'));
});

test('what an event says adds neither a header nor a recipient', async () => {
  const title = 'x\r\nBcc: victim@example.org\r\nX-Evil: 1';
  await channel.send(messageTo('ada@example.org', { items: [anItem({ title })] }), go);
  const [mail] = server.mail;
  assert.equal(mail?.headers.has('bcc'), false);
  assert.equal(mail?.headers.has('x-evil'), false);
  assert.ok(mail?.subject?.includes('victim@example.org'));
});

test('an address that the server does not know is never tried again; nor one that is none', async () => {
  server.behave = 'bad address';
  const unknown = await refused(channel.send(messageTo('nobody@example.org'), go));
  assert.ok(unknown instanceof Undeliverable, unknown.message);
  server.behave = 'accept';
  const none = await refused(channel.send(messageTo('not an address'), go));
  assert.ok(none instanceof Undeliverable, none.message);
  assert.equal(server.mail.length, 0);
});

test('a mail that is sent again has the Message-ID of before, and says in its text what it is', async () => {
  const message = messageTo('ada@example.org');
  await channel.send(message, go);
  await channel.send({ ...message, again: true }, go);
  const [first, second] = server.mail;
  assert.equal(second?.messageId, first?.messageId);
  assert.doesNotMatch(first?.text ?? '', /reached you before/);
  assert.match(second?.text ?? '', /This may have reached you before/);
});

test('a line that breaks after the text was sent: nobody knows, and the library does not send it again', async () => {
  server.behave = 'drop';
  const error = await refused(channel.send(messageTo('ada@example.org'), go));
  assert.ok(error instanceof Uncertain, `${error.name}: ${error.message}`);
  assert.equal(server.mail.length, 1, 'the library must not send it again by itself');
});

test('no server: it was not sent, and may be again', async () => {
  const nowhere = smtpChannel({ url: `smtp://127.0.0.1:${await freePort()}`, from: 'lab@example.org' });
  const error = await refused(nowhere.send(messageTo('ada@example.org'), go));
  assert.ok(
    !(error instanceof Uncertain) && !(error instanceof Undeliverable),
    `${error.name}: ${error.message}`,
  );
  await nowhere.stop();
});
