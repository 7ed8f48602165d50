/** The door of a laboratory with accounts: its first administrator, a second factor, a session that goes on, and the way out. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Page } from 'playwright-core';
import { codeOf } from '../../../testing/authenticator.ts';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { launchChromium } from '../../../testing/chromium.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

const token = 'the token of the first administrator';
const password = 'a sentence that is long enough';
const email = 'ada@example.org';

let lab: BrowserLab;
before(async () => {
  lab = await startLab({ LABWRIGHT_ACCOUNTS: '1', LABWRIGHT_SETUP_TOKEN: token });
});
after(() => lab?.close());

async function fillIn(page: Page, given: { password: string }): Promise<void> {
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(given.password);
  await page.getByRole('button', { name: 'Sign in' }).click();
}

browserTest('from the first administrator to a second factor', async (browser) => {
  const { page, faults } = await openPage(browser, `${lab.url}/ui/timeline`);
  await page.getByRole('heading', { name: 'The first administrator' }).waitFor();
  await assertAccessible(page, 'the form for the first administrator');
  await page.getByRole('textbox', { name: 'Setup token' }).fill('a wrong one');
  await page.getByLabel('Your name').fill('Ada');
  await page.getByRole('textbox', { name: 'E-mail' }).fill(email);
  await page.getByRole('textbox', { name: 'Password' }).fill(password);
  await page.getByRole('button', { name: 'Make the account and sign in' }).click();
  await page.getByRole('alert').getByText('wrong_setup_token').waitFor();
  await page.getByRole('textbox', { name: 'Setup token' }).fill(token);
  await page.getByRole('button', { name: 'Make the account and sign in' }).click();
  // Where somebody wanted to go before they signed in.
  await page.getByRole('heading', { name: 'Timeline', level: 1 }).waitFor();
  await page.getByLabel('Connection: Live').waitFor();

  // The access token is over: the session goes on by itself.
  await page.context().clearCookies({ name: 'labwright_access' });
  await page.goto(`${lab.url}/ui/`);
  await page.getByText('Liquid handler 1').waitFor();

  const post = (path: string, data: object) => page.context().request.post(`${lab.url}${path}`, { data });
  const { secret } = (await (await post('/me/second-factor', { password })).json()) as { secret: string };
  const confirmed = await post('/me/second-factor/confirm', { code: codeOf(secret) });
  assert.equal(confirmed.status(), 200, await confirmed.text());
  const { recovery_codes: codes } = (await confirmed.json()) as { recovery_codes: string[] };

  await page.getByLabel('Account of Ada').click();
  await page.getByRole('menuitem', { name: 'Sign out' }).click();
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  await assertAccessible(page, 'the form to sign in');
  await fillIn(page, { password: 'not the right one' });
  await page.getByRole('alert').getByText('invalid_credentials').waitFor();
  await fillIn(page, { password });
  await page.getByRole('heading', { name: 'One more step' }).waitFor();
  await page.getByRole('textbox', { name: 'Code' }).fill('000000');
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByRole('alert').getByText('wrong_code').waitFor();
  await page.getByRole('textbox', { name: 'Code' }).fill(codes[0] ?? '');
  await page.getByRole('button', { name: 'Go on' }).click();
  await page.getByText('Liquid handler 1').waitFor();
  assert.deepEqual(faults, []);
});

browserTest('whoever is not signed in sees the door, and no more of the laboratory', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/`);
  await page.getByRole('heading', { name: 'Sign in' }).waitFor();
  // Nobody sees more of the laboratory than the door.
  const answer = await page.context().request.get(`${lab.url}/api/device-service/devices`);
  assert.equal(answer.status(), 401);
});

browserTest(
  'over http from another computer the door says why nobody can sign in, and asks for no password',
  async () => {
    const name = 'laboratory.test';
    const elsewhere = await launchChromium([`--host-resolver-rules=MAP ${name} 127.0.0.1`]);
    try {
      const { page, faults } = await openPage(elsewhere, `${lab.url.replace('localhost', name)}/ui/`);
      await page.getByRole('alert').getByText('Nobody can sign in over http').waitFor();
      assert.equal(await page.getByRole('textbox').count(), 0);
      await assertAccessible(page, 'the door over http');
      // The browser remarks upon http itself.
      assert.deepEqual(
        faults.filter((fault) => !fault.includes('origin was untrustworthy')),
        [],
      );
    } finally {
      await elsewhere.close();
    }
  },
);
