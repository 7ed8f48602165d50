import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import type { LookupFunction } from 'node:net';
import { after, before, beforeEach, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { freePort } from '@labwright/kernel/testing';
import { startWebServer, type WebServer } from '../testing/web-server.ts';
import { allowing, isPublic } from './addresses.ts';
import { type Message, TryLater, Uncertain, Undeliverable } from './channel.ts';
import { anItem } from './conformance.ts';
import { post } from './post.ts';
import { slackChannel } from './slack.ts';
import { webhookChannel } from './webhook.ts';

let server: WebServer;
let ok: WebServer['answer'];
before(async () => {
  server = await startWebServer();
  ok = server.answer;
});
beforeEach(() => {
  server.answer = ok;
  server.asked.length = 0;
});
after(() => server.close());

const here = allowing(['127.0.0.1']);
const go = new AbortController().signal;
const messageTo = (address: string, secret: string | null = null): Message => ({
  id: '0b9b43a4-4f4d-8a3c-9d6e-000000000001',
  kind: 'single',
  to: { person_id: 'p1', name: 'Ada', address, secret },
  items: [anItem()],
  more: 0,
  again: false,
});
const refused = async (work: Promise<void>): Promise<Error> =>
  work.then(
    () => assert.fail('it was taken'),
    (error: Error) => error,
  );

test('it is signed with HMAC-SHA256 over id, time and body', async () => {
  const clock = manualClock(Date.UTC(2026, 0, 10, 12));
  const secret = `whsec_${Buffer.from('a secret of twenty-four.').toString('base64')}`;
  await webhookChannel({ rule: here, clock }).send(messageTo(`${server.url}/hook`, secret), go);
  const [{ headers, body, path }] = server.asked as [WebServer['asked'][number]];
  assert.equal(path, '/hook');
  assert.equal(headers['webhook-id'], '0b9b43a4-4f4d-8a3c-9d6e-000000000001');
  assert.equal(headers['webhook-timestamp'], String(Date.UTC(2026, 0, 10, 12) / 1_000));
  const expected = createHmac('sha256', 'a secret of twenty-four.')
    .update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`)
    .digest('base64');
  assert.equal(headers['webhook-signature'], `v1,${expected}`);
  assert.equal(JSON.parse(body).events[0].title, 'PCR 7 failed');
});

test('each attempt has its own time, and the same id', async () => {
  const clock = manualClock();
  const channel = webhookChannel({ rule: here, clock });
  await channel.send(messageTo(server.url, 'whsec_YWJj'), go);
  await clock.advance(60_000);
  await channel.send(messageTo(server.url, 'whsec_YWJj'), go);
  const [first, second] = server.asked;
  assert.equal(first?.headers['webhook-id'], second?.headers['webhook-id']);
  assert.notEqual(first?.headers['webhook-timestamp'], second?.headers['webhook-timestamp']);
  assert.notEqual(first?.headers['webhook-signature'], second?.headers['webhook-signature']);
});

for (const address of [
  'http://127.0.0.1:PORT/',
  'http://localhost:PORT/',
  'http://[::1]:PORT/',
  'http://[::ffff:127.0.0.1]:PORT/',
  'http://0x7f000001:PORT/',
  'http://2130706433:PORT/',
  'http://127.1:PORT/',
  'http://0.0.0.0:PORT/',
  'http://169.254.169.254/latest/meta-data/',
  'ftp://example.org/',
  'file:///etc/passwd',
  'http://user:password@example.org/',
  'not an address',
])
  test(`nothing is sent to ${address}`, async () => {
    const error = await refused(
      post(address.replace('PORT', String(server.port)), '{}', {}, { rule: isPublic }, go),
    );
    assert.ok(error instanceof Undeliverable, `${error.name}: ${error.message}`);
    assert.deepEqual(server.asked, []);
  });

/** A name server that a test has in its hands: the answers one after the other, the last again and again. */
function nameServer(answers: readonly string[]): LookupFunction & { asked: number } {
  const lookup = Object.assign(
    ((_name, _options, callback) => {
      const address = answers[Math.min(lookup.asked, answers.length - 1)] ?? '';
      lookup.asked += 1;
      callback(null, [{ address, family: address.includes(':') ? 6 : 4 }]);
    }) as LookupFunction,
    { asked: 0 },
  );
  return lookup;
}

for (const inside of ['127.0.0.1', '10.0.0.1', '::1', '::ffff:127.0.0.1', '169.254.169.254'])
  test(`a name that leads to ${inside} is not followed`, async () => {
    const lookup = nameServer([inside]);
    const address = `http://inside.example:${server.port}/`;
    const error = await refused(post(address, '{}', {}, { rule: isPublic, lookup }, go));
    assert.ok(error instanceof Undeliverable, `${error.name}: ${error.message}`);
    assert.deepEqual(server.asked, []);
  });

test('a name that leads elsewhere after it was checked changes nothing: it is asked once, and that address is used', async () => {
  // To whoever checks first and resolves again to connect, the second answer would be the one that counts.
  const lookup = nameServer(['203.0.114.9', '127.0.0.1']);
  const address = `http://rebind.example:${server.port}/`;
  const stop = AbortSignal.timeout(400);
  const error = await refused(post(address, '{}', {}, { rule: isPublic, lookup }, stop));
  assert.ok(error instanceof Error);
  assert.equal(lookup.asked, 1);
  assert.deepEqual(server.asked, []);
});

test('of several addresses of a name only those that may be are used', async () => {
  const lookup = ((_name, _options, callback) =>
    callback(null, [
      { address: '10.9.9.9', family: 4 },
      { address: '127.0.0.1', family: 4 },
    ])) as LookupFunction;
  await post(`http://two.example:${server.port}/`, '{}', {}, { rule: here, lookup }, go);
  assert.equal(server.asked.length, 1);
});

test('a connection that leads inside all the same is closed before anything is written', async () => {
  // Whoever resolves says one thing, and the machine connects to another: a proxy of the network, say.
  const lookup = nameServer(['127.0.0.1']);
  let calls = 0;
  const rule = () => {
    calls += 1;
    return calls === 1;
  };
  const error = await refused(post(`http://a.example:${server.port}/`, '{}', {}, { rule, lookup }, go));
  assert.ok(error instanceof Undeliverable, `${error.name}: ${error.message}`);
  assert.deepEqual(server.asked, []);
});

test('a redirect is not followed, wherever it leads', async () => {
  server.answer = ({ path }, response) =>
    void (path === '/secret'
      ? response.writeHead(200).end('secret')
      : response.writeHead(307, { location: `${server.url}/secret` }).end());
  const error = await refused(post(`${server.url}/hook`, '{}', {}, { rule: here }, go));
  assert.ok(error instanceof Undeliverable, error.message);
  assert.match(error.message, /Redirects are not followed/);
  assert.deepEqual(
    server.asked.map(({ path }) => path),
    ['/hook'],
  );
});

test('what the other side answers decides whether it is sent again', async () => {
  const verdict = async (status: number, headers: Record<string, string> = {}) => {
    server.answer = (_request, response) => void response.writeHead(status, headers).end();
    const error = await refused(post(server.url, '{}', {}, { rule: here }, go));
    return error instanceof Undeliverable ? 'never' : error instanceof TryLater ? error.afterMs : 'again';
  };
  for (const status of [400, 401, 403, 410, 413, 422])
    assert.equal(await verdict(status), 'never', `${status}`);
  for (const status of [404, 408, 409, 425, 429, 500, 502, 503])
    assert.equal(await verdict(status), 'again', `${status}`);
  assert.equal(await verdict(429, { 'retry-after': '7' }), 7_000);
  assert.equal(await verdict(503, { 'retry-after': '99999999' }), 3_600_000);
  assert.equal(await verdict(429, { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }), 'again');
});

test('who takes the request and says nothing is given up; so is who talks without end', async () => {
  server.answer = () => {};
  const silent = await refused(post(server.url, '{}', {}, { rule: here, timeoutMs: 100 }, go));
  assert.match(silent.message, /did not answer within 0.1 s/);
  assert.ok(silent instanceof Uncertain, 'it may have taken it');
  // A status is an answer: what follows is not waited for beyond 64 KiB.
  server.answer = (_request, response) => {
    response.writeHead(200);
    const more = setInterval(() => response.write('x'.repeat(16_384)), 1);
    response.on('close', () => clearInterval(more));
  };
  await post(server.url, '{}', {}, { rule: here, timeoutMs: 5_000 }, go);
});

test('whether it may have been taken: not where nobody was there, but where the line broke behind the request', async () => {
  const gone = `http://127.0.0.1:${await freePort()}/`;
  const away = await refused(post(gone, '{}', {}, { rule: here }, go));
  assert.ok(!(away instanceof Uncertain), away.message);
  server.answer = (_request, response) => void response.socket?.destroy();
  const broken = await refused(post(server.url, '{}', {}, { rule: here }, go));
  assert.ok(broken instanceof Uncertain, `${broken.name}: ${broken.message}`);
});

test('Slack: a message that is sent again says so', async () => {
  await slackChannel({ rule: here }).send({ ...messageTo(server.url), again: true }, go);
  const { text } = JSON.parse(server.asked[0]?.body ?? '{}') as { text: string };
  assert.match(text, /_This may have reached you before: when it was first sent, no answer came\._$/);
});

test('Slack: nothing that somebody wrote becomes a mention or a link', async () => {
  const message = messageTo(server.url);
  const items = [
    anItem({
      title: '<!channel> & <@U1>',
      text: '<https://evil.example|safe>',
      link: 'https://lab.example/?a=1|b>',
    }),
  ] as const;
  await slackChannel({ rule: here }).send({ ...message, items }, go);
  const { text } = JSON.parse(server.asked[0]?.body ?? '{}') as { text: string };
  assert.ok(text.includes('&lt;!channel&gt; &amp; &lt;@U1&gt;'), text);
  assert.ok(text.includes('&lt;https://evil.example|safe&gt;'), text);
  assert.ok(text.endsWith('<https://lab.example/?a=1%7Cb&gt;|Look at it>'), text);
});
