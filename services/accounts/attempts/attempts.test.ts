import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { minutes } from '../deps.ts';
import { type Office, openOffice, password } from '../testing/office.ts';

let office: Office;
const clock = manualClock(Date.now());
before(async () => {
  office = await openOffice({ clock });
});
after(() => office.stop());

const tryFrom = (from: string, email: string, given = 'not the password at all') =>
  office.ask('POST', '/session', { from, body: { email, password: given, deliver: 'body' } });

test('ten wrong passwords from one address: 429 there, also for the right one, and nowhere else; a quarter of an hour mends it', async () => {
  const ada = await office.person('viewer');
  for (let tries = 0; tries < 10; tries += 1)
    assert.equal((await tryFrom('192.0.2.1', ada.email)).status, 401);
  const refused = await tryFrom('192.0.2.1', ada.email, password);
  assert.deepEqual([refused.status, refused.body.code], [429, 'too_many_attempts']);
  assert.ok(Number(refused.headers['retry-after']) > 14 * 60);
  assert.equal((await tryFrom('192.0.2.2', ada.email, password)).status, 200);
  await clock.advance(15 * minutes);
  assert.equal((await tryFrom('192.0.2.1', ada.email, password)).status, 200);
});

test('many at once count too: of sixty guesses at most ten reach the password', async () => {
  const ada = await office.person('viewer');
  const answers = await Promise.all(Array.from({ length: 60 }, () => tryFrom('192.0.2.3', ada.email)));
  const reached = answers.filter(({ status }) => status === 401).length;
  assert.equal(reached, 10);
  assert.ok(answers.every(({ status }) => status === 401 || status === 429));
});

test('many addresses against one account: fifty in all', async () => {
  const ada = await office.person('viewer');
  const statuses = [];
  for (let host = 1; host <= 60; host += 1)
    statuses.push((await tryFrom(`198.51.100.${host}`, ada.email)).status);
  assert.equal(statuses.filter((status) => status === 401).length, 50);
});

test('one address against many accounts: a hundred in all, of nobody as of somebody', async () => {
  const statuses = [];
  for (let guess = 0; guess < 105; guess += 1)
    statuses.push((await tryFrom('203.0.113.9', `guess${guess}@example.org`)).status);
  assert.deepEqual(statuses.indexOf(429), 100);
});

test('an IPv6 client is its whole network, an IPv4 one written as IPv6 is itself', async () => {
  const ada = await office.person('viewer');
  for (let host = 1; host <= 10; host += 1)
    assert.equal((await tryFrom(`2001:db8:1:2::${host}`, ada.email)).status, 401);
  assert.equal((await tryFrom('2001:db8:1:2:aaaa:bbbb:cccc:dddd', ada.email, password)).status, 429);
  assert.equal((await tryFrom('2001:db8:1:3::1', ada.email, password)).status, 200);
  for (let tries = 0; tries < 10; tries += 1) await tryFrom('::ffff:192.0.2.77', ada.email);
  assert.equal((await tryFrom('192.0.2.77', ada.email, password)).status, 429);
});

test('who signs in often is not locked out: a success takes its count back', async () => {
  const ada = await office.person('viewer');
  for (let tries = 0; tries < 15; tries += 1)
    assert.equal((await tryFrom('192.0.2.50', ada.email, password)).status, 200);
});

test('guessing the password again (new password, second factor) counts as well', async () => {
  const ada = await office.person('viewer');
  const guess = () =>
    office.ask('POST', '/me/second-factor', {
      token: ada.access,
      from: '192.0.2.60',
      body: { password: 'wrong' },
    });
  for (let tries = 0; tries < 10; tries += 1) assert.equal((await guess()).status, 401);
  assert.equal((await guess()).status, 429);
});

test('who goes on from one address uses up nothing of what the account has from everywhere', async () => {
  const ada = await office.person('viewer');
  for (let tries = 0; tries < 70; tries += 1) await tryFrom('192.0.2.70', ada.email);
  assert.equal((await tryFrom('192.0.2.71', ada.email, password)).status, 200);
});
