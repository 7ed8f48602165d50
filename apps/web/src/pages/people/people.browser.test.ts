/** People who sign in: the first administrator, somebody who is invited, what a viewer does not see, a second factor, a token, a lock. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

const setupToken = 'a-setup-token-of-tests-0123456789';
let lab: BrowserLab;
before(async () => {
  lab = await startLab({ LABWRIGHT_ACCOUNTS: '1', LABWRIGHT_SETUP_TOKEN: setupToken });
});
after(() => lab?.close());

browserTest(
  'invited as a viewer: signs in, reads, and is offered nothing that would be refused',
  async (browser) => {
    const admin = await openPage(browser, `${lab.url}/ui/people`);
    const { page } = admin;
    await page.getByText('cat .labwright/setup-token').waitFor();
    await page.getByLabel('Setup token').fill(setupToken);
    await page.getByLabel('Your name').fill('Ada Lovelace');
    await page.getByLabel('E-mail').fill('ada@example.org');
    await page.getByRole('textbox', { name: 'Password' }).fill('a sentence that is long');
    await page.getByRole('button', { name: 'Make the account and sign in' }).click();
    await page.getByRole('heading', { name: 'People', level: 1 }).waitFor();
    await page.getByRole('textbox', { name: 'Name' }).fill('Vera Rubin');
    await page.getByRole('textbox', { name: 'E-mail' }).fill('vera@example.org');
    await page.getByRole('combobox', { name: 'Role', exact: true }).click();
    await page.getByRole('option', { name: 'viewer' }).click();
    await page.getByRole('button', { name: 'Invite' }).click();
    const invitation = await page.getByText(/#invitation=/).textContent();
    assert.ok(invitation);
    await page.getByText('vera@example.org').waitFor();
    // Here nobody else can open it, and that is said before it is sent.
    await page.getByText('Only this computer can open this link.').waitFor();
    await page.getByText(/It ends in 7 d, on /).waitFor();
    await page.context().grantPermissions(['clipboard-read', 'clipboard-write']);
    await page.getByRole('button', { name: 'Copy the link' }).click();
    await page.getByRole('button', { name: 'Copied' }).waitFor();
    assert.equal(await page.evaluate(() => navigator.clipboard.readText()), invitation);
    await assertAccessible(page, 'people');

    const vera = await openPage(browser, invitation);
    await vera.page.getByRole('textbox', { name: 'New password' }).fill('stars rotate too fast');
    await vera.page.getByRole('button', { name: 'Set it and sign in' }).click();
    await vera.page.getByRole('link', { name: 'Tasks' }).click();
    await vera.page.getByText('Nothing to do').waitFor();
    assert.equal(await vera.page.getByRole('link', { name: 'New task' }).count(), 0);
    assert.equal(await vera.page.getByRole('link', { name: 'People' }).count(), 0);
    await vera.page.getByRole('link', { name: 'Samples' }).click();
    await vera.page.getByRole('heading', { name: 'Samples', level: 1 }).waitFor();
    assert.equal(await vera.page.getByRole('link', { name: 'Import CSV' }).count(), 0);
    await vera.page.getByRole('link', { name: 'Chat' }).click();
    await vera.page.getByText('Scientists and above can also write').waitFor();

    await vera.page.getByRole('link', { name: 'Your account' }).click();
    await vera.page.getByText(/^Chrome on /).waitFor();
    await vera.page.getByRole('textbox', { name: 'What it is for' }).fill('A script');
    await vera.page.getByRole('button', { name: 'Make it' }).click();
    await vera.page.getByText(/^lw_/).first().waitFor();
    await vera.page.getByLabel('Confirm your password').fill('stars rotate too fast');
    await vera.page.getByRole('button', { name: 'Set it up' }).click();
    await vera.page.getByRole('img', { name: /QR code/ }).waitFor();
    await assertAccessible(vera.page, 'one’s own account');
    assert.deepEqual(vera.faults, []);

    await page.getByRole('button', { name: 'More about Vera Rubin' }).click();
    await page.getByRole('menuitem', { name: 'Lock' }).click();
    await page.getByLabel('Reason').fill('Left the laboratory');
    await page.getByRole('button', { name: 'Lock', exact: true }).click();
    await page.getByText('Left the laboratory').waitFor();
    await vera.page.reload();
    await vera.page.getByRole('heading', { name: 'Sign in', level: 1 }).waitFor();
    assert.deepEqual(admin.faults, []);
  },
);
