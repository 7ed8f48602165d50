/** Reasons and electronic signatures, where the laboratory wants them: collected where the action was begun, which then is done; kept in the audit trail. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { codeOf } from '../../../testing/authenticator.ts';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

const token = 'the token of the first administrator';
const password = 'a sentence that is long enough';
const email = 'ada@example.org';

let lab: BrowserLab;
before(async () => {
  lab = await startLab({
    LABWRIGHT_ACCOUNTS: '1',
    LABWRIGHT_SETUP_TOKEN: token,
    REQUIRE_SIGNATURE: 'operation.abort,job_queue.pause',
  });
});
after(() => lab?.close());

/** As the pages do it, without them. */
async function ask<T>(context: BrowserContext, method: string, path: string, data?: object): Promise<T> {
  const answer = await context.request.fetch(`${lab.url}${path}`, { method, ...(data ? { data } : {}) });
  assert.ok(answer.ok(), `${method} ${path}: ${answer.status()} ${await answer.text()}`);
  return (await answer.json().catch(() => undefined)) as T;
}

const card = (page: Page, name: string) =>
  page.getByRole('listitem').filter({ has: page.getByRole('heading', { name, exact: true }) });

/** Real speed: there is time to stop it. */
async function runOn(context: BrowserContext, device: string, operation: string): Promise<void> {
  await ask(context, 'PATCH', `/api/device-service/devices/${device}`, { settings: { speed: 1 } });
  const { id } = await ask<{ id: string }>(context, 'POST', '/api/workflow-service/workflows', {
    name: `On ${device}`,
    device_id: device,
    steps: [operation],
  });
  await ask(context, 'POST', `/api/workflow-service/workflows/${id}/start`, { auto: true });
}

interface Entry {
  action: string;
  reason: string | null;
  signature: { name: string; meaning: string } | null;
}
const newest = async (context: BrowserContext, action: string) =>
  (await ask<{ entries: Entry[] }>(context, 'GET', `/api/device-service/audit?action=${action}&limit=1`))
    .entries[0];

browserTest(
  'an abort is signed in a dialog, where each thing that is wrong is said at its place',
  async (browser) => {
    const { page, faults } = await openPage(browser, `${lab.url}/ui/`);
    const context = page.context();
    await ask(context, 'POST', '/setup', { token, name: 'Ada', email, password });
    await runOn(context, 'thermocycler-1', 'run_pcr');
    await page.goto(`${lab.url}/ui/`);
    const cycler = card(page, 'Thermocycler 1');
    await cycler.getByText('Step 1 of 1: run pcr').waitFor();
    const abort = async (reason: string) => {
      await cycler.getByLabel('Actions for Thermocycler 1').click();
      await page.getByRole('menuitem', { name: 'Abort the operation' }).click();
      await page.getByLabel('Reason').fill(reason);
      await page.getByRole('button', { name: 'Abort', exact: true }).click();
    };
    await abort('The lid stands open');
    const dialog = page.getByRole('dialog', { name: 'Sign it electronically' });
    await dialog.getByText('Stop what a device is doing').waitFor();
    await dialog.getByText('device:thermocycler-1').waitFor();
    await dialog.getByText('The lid stands open').waitFor();
    await assertAccessible(page, 'the dialog of a signature');
    assert.equal(await dialog.getByLabel('Code').count(), 0, 'this account has no second factor');

    const sign = dialog.getByRole('button', { name: 'Sign' });
    await sign.click();
    await dialog.getByText('Being signed in is not enough').waitFor();
    // Escape leaves the signature, and the confirmation below it stays with its reason.
    await page.keyboard.press('Escape');
    await dialog.waitFor({ state: 'detached' });
    await page.getByRole('alert').getByText('It was not signed, so nothing was done.').waitFor();
    assert.equal(await page.getByLabel('Reason').inputValue(), 'The lid stands open');
    await page.getByRole('button', { name: 'Abort', exact: true }).click();

    const again = dialog.getByRole('textbox', { name: 'Your password, again' });
    await again.fill('not the right one');
    const tries: string[] = [];
    page.on('request', (request) => {
      if (request.url().endsWith('/signatures')) tries.push(request.method());
    });
    await again.press('Enter');
    await dialog.getByText('This is not your password.').waitFor();
    assert.deepEqual(tries, ['POST'], 'a wrong password counts once');
    assert.equal(await again.inputValue(), '', 'a wrong password stays in its field');

    // A second factor was set meanwhile: the code is asked for too.
    const { secret } = await ask<{ secret: string }>(context, 'POST', '/me/second-factor', { password });
    const { recovery_codes: codes } = await ask<{ recovery_codes: string[] }>(
      context,
      'POST',
      '/me/second-factor/confirm',
      { code: codeOf(secret) },
    );
    await again.fill(password);
    await sign.click();
    await dialog.getByText('Your account has a second factor').waitFor();
    await dialog.getByRole('textbox', { name: 'Code' }).fill('000000');
    await sign.click();
    await dialog.getByText('The code is wrong, or was used already.').waitFor();
    await dialog.getByRole('textbox', { name: 'Code' }).fill(codes[0] ?? '');
    await dialog.getByLabel('What your signature means').fill('I have seen it smoke');
    await sign.click();
    await page.getByRole('dialog').first().waitFor({ state: 'detached' });

    const { reason, signature } = (await newest(context, 'operation.abort')) ?? {};
    assert.deepEqual(
      [reason, signature?.name, signature?.meaning],
      ['The lid stands open', 'Ada', 'I have seen it smoke'],
    );
    assert.deepEqual(faults, []);

    // A field of its own says that a reason is missing; then the signature is asked for.
    await page.goto(`${lab.url}/ui/jobs`);
    await page.getByRole('button', { name: 'Pause device.incubator' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    await page.getByText('Say why, in a few words.').waitFor();
    assert.equal(await dialog.count(), 0);
    await page.getByLabel('Reason').fill('The room is too warm');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    await dialog.getByRole('textbox', { name: 'Your password, again' }).fill(password);
    await dialog.getByRole('textbox', { name: 'Code' }).fill(codes[1] ?? '');
    await sign.click();
    await page.getByRole('button', { name: 'Resume device.incubator' }).waitFor();
    assert.equal(
      (await newest(context, 'job_queue.pause'))?.signature?.meaning,
      'I take responsibility for this',
    );

    // Too many tries: it is said until when.
    await page.getByRole('button', { name: 'Resume device.incubator' }).click();
    await page.getByLabel('Reason').fill('It is cool again');
    await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click();
    await page.getByRole('button', { name: 'Pause device.incubator' }).click();
    await page.getByLabel('Reason').fill('Too warm again');
    await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
    await dialog.waitFor();
    for (let tries = 0; tries < 12; tries += 1)
      await context.request.post(`${lab.url}/signatures`, {
        data: { password: 'wrong', meaning: 'x', action: 'x', subject: 'x' },
      });
    await again.fill(password);
    await sign.click();
    await dialog.getByText(/You can try again in \d+ min/).waitFor();
    await assertAccessible(page, 'a signature that has to wait');
  },
);
