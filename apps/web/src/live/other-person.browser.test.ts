/** One browser, two people one after the other: what the first one wrote is sent as the first one, or not at all. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Page } from 'playwright-core';
import { browserTest, openPage } from '../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../testing/lab.ts';

const token = 'the token of the first administrator';
const ada = { name: 'Ada', email: 'ada@example.org', password: 'a sentence that is long enough' };
const bob = { name: 'Bob', email: 'bob@example.org', password: 'another sentence of that length' };
let lab: BrowserLab;
before(async () => {
  lab = await startLab({ LABWRIGHT_ACCOUNTS: '1', LABWRIGHT_SETUP_TOKEN: token });
});
after(() => lab?.close());

async function post<T>(path: string, body: object, authorization?: string): Promise<T> {
  const headers = { 'content-type': 'application/json', ...(authorization ? { authorization } : {}) };
  const answer = await fetch(lab.url + path, { method: 'POST', headers, body: JSON.stringify(body) });
  assert.ok(answer.ok, `${path}: ${await answer.clone().text()}`);
  return (await answer.json()) as T;
}

/** Two people with accounts. */
async function makePeople(): Promise<void> {
  await post('/setup', { token, ...ada });
  const { email, password } = ada;
  const { access_token } = await post<{ access_token: string }>('/session', {
    email,
    password,
    deliver: 'body',
  });
  const { invitation } = await post<{ invitation: { token: string } }>(
    '/users',
    { name: bob.name, email: bob.email, role: 'scientist' },
    `Bearer ${access_token}`,
  );
  await post('/invitations/accept', { token: invitation.token, password: bob.password, deliver: 'body' });
}

async function signIn(page: Page, { email, password, name }: typeof ada): Promise<void> {
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByLabel(`Account of ${name}`).waitFor();
}

async function signOut(page: Page, { name }: typeof ada): Promise<void> {
  await page.getByLabel(`Account of ${name}`).click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
}

browserTest('a page whose person signs out elsewhere goes on as nobody else', async (browser) => {
  await makePeople();
  const { page: first, faults } = await openPage(browser, `${lab.url}/ui/`);
  await signIn(first, ada);
  let heard = false;
  await first.context().routeWebSocket(/./, (socket) => {
    if (heard) socket.connectToServer();
  });
  await first.goto(`${lab.url}/ui/chat?room=lab`);
  await first.getByRole('textbox', { name: 'Message', exact: true }).fill('Said by Ada');
  await first.keyboard.press('Enter');
  await first.getByText('On its way: Said by Ada').waitFor();

  const { page: second } = await openPage(browser, `${lab.url}/ui/queue`, { context: first.context() });
  await signOut(second, ada);
  await first.getByRole('heading', { name: 'Sign in' }).waitFor();
  heard = true;
  await signIn(second, bob);
  await first.getByLabel('Account of Bob').waitFor();
  await second.goto(`${lab.url}/ui/chat?room=lab`);
  await second.getByRole('textbox', { name: 'Message', exact: true }).fill('Said by Bob');
  await second.keyboard.press('Enter');
  await first.getByText('Said by Bob').waitFor();
  assert.equal(await second.getByText('Said by Ada').count(), 0);
  await signOut(second, bob);
  await signIn(second, ada);
  await second.getByText('Said by Ada').waitFor();
  assert.deepEqual(faults, []);
});
