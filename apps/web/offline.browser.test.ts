/**
 * The laboratory is killed while pages are open: each says so and marks what it shows, keeps what was typed, refuses what cannot be done with a clear
 * word, and goes on by itself, without being loaded anew, once the laboratory is back.
 */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { BrowserContext, Page } from 'playwright-core';
import { assertAccessible, browserTest, openPage } from './testing/browser.ts';
import { type BrowserLab, startLab } from './testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab({}, { postgres: 'own' });
});
after(() => lab?.close());

async function send<T = { id: string }>(method: string, url: string, body?: object): Promise<T> {
  const answer = await fetch(url, {
    method,
    ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
  });
  assert.ok(answer.ok, `${method} ${url}: ${answer.status}`);
  return (await answer.json()) as T;
}

/** A page that is live, with a mark that is gone once it is loaded anew. */
async function open(context: BrowserContext, path: string): Promise<Page> {
  const browser = context.browser();
  assert.ok(browser);
  const { page } = await openPage(browser, `${lab.url}/ui${path}`, { context });
  await page.getByLabel('Connection: Live').waitFor();
  await page.evaluate(() => Object.assign(window, { marked: true }));
  return page;
}
const isMarked = (page: Page) => page.evaluate(() => 'marked' in window);

/** What is shown is marked as old, by more than its colour. */
async function isStale(page: Page): Promise<void> {
  await page.getByText('The connection to the laboratory is lost.').waitFor();
  await page.getByText(/What you see is as it was at \d/).waitFor();
  await page.locator('[data-stale]').waitFor();
}
async function isLive(page: Page): Promise<void> {
  await page.getByLabel('Connection: Live').waitFor();
  await page.locator('[data-stale]').waitFor({ state: 'detached' });
  assert.ok(await isMarked(page), `${page.url()} was loaded anew`);
}
const refused = 'The laboratory cannot be reached';

browserTest(
  'killed and started again, under a lab, a workflow, a form, a talk and a page that was never seen',
  async (browser) => {
    await send('PATCH', `${lab.devices}/devices/centrifuge-1`, { settings: { speed: 1 } });
    const workflow = await send('POST', `${lab.workflows}/workflows`, {
      name: 'Goes on',
      device_id: 'centrifuge-1',
      steps: ['spin'],
    });
    await send('POST', `${lab.workflows}/workflows/${workflow.id}/start`, { auto: true });
    const task = await send('POST', `${lab.url}/tasks`, {
      title: 'Weigh the tube',
      fields: [
        { type: 'number', name: 'mass', label: 'Mass', unit: 'g' },
        { type: 'text', name: 'note', label: 'Note' },
      ],
    });

    const context = await browser.newContext({ reducedMotion: 'reduce' });
    const devices = await open(context, '/');
    await devices.getByText('Goes on').waitFor();
    const steps = await open(context, `/workflows/${workflow.id}`);
    await steps.getByRole('button', { name: 'Stop the device' }).waitFor();
    const form = await open(context, `/tasks/${task.id}`);
    await form.getByLabel('Mass').fill('3');
    const talk = await open(context, '/chat');
    await talk.getByText('Nobody has written here yet').waitFor();
    const elsewhere = await open(context, '/queue');
    await elsewhere.getByText('Held by').waitFor();

    const card = devices
      .getByRole('listitem')
      .filter({ has: devices.getByRole('heading', { name: 'Incubator 1' }) });
    await card.getByLabel('Actions for Incubator 1').click();
    await devices.getByRole('menuitem', { name: 'Start maintenance' }).click();
    await devices.getByLabel('Reason').waitFor();

    await lab.stop('SIGKILL');
    for (const page of [devices, steps, form, talk, elsewhere]) await isStale(page);
    await assertAccessible(devices, 'a laboratory that is away');

    // What was known stays, and what cannot be done says so, with what was typed.
    await devices.getByLabel('Reason').fill('A new filter');
    await devices.getByRole('dialog').getByRole('button', { name: 'Start maintenance' }).click();
    await devices.getByRole('dialog').getByText(refused).waitFor();
    assert.equal(await devices.getByLabel('Reason').inputValue(), 'A new filter');

    await steps.getByRole('button', { name: 'Stop the device' }).click();
    await steps.getByRole('dialog').getByRole('button', { name: 'Stop the device' }).click();
    await steps.getByRole('dialog').getByText(refused).waitFor();
    await steps.keyboard.press('Escape');
    await steps.getByRole('heading', { name: 'Goes on', level: 1 }).waitFor();

    await form.getByLabel('Note').fill('Typed while it was away');
    await form.getByRole('button', { name: 'Complete' }).click();
    await form.getByText(refused).waitFor();
    assert.deepEqual(
      [await form.getByLabel('Mass').inputValue(), await form.getByLabel('Note').inputValue()],
      ['3', 'Typed while it was away'],
    );

    await talk.getByRole('textbox', { name: 'Message', exact: true }).fill('Said once');
    await talk.keyboard.press('Enter');
    await talk.getByText('On its way: Said once').waitFor();

    // The script of this page was never loaded: it comes when the laboratory does, and nothing breaks meanwhile.
    await elsewhere.getByRole('link', { name: 'Files' }).click();
    await elsewhere.keyboard.press('Control+k');
    await elsewhere.getByText('The connection to the laboratory is lost.').waitFor();

    await lab.start();
    for (const page of [devices, steps, form, talk, elsewhere]) await isLive(page);

    await devices.getByRole('dialog').getByRole('button', { name: 'Start maintenance' }).click();
    await card.getByText('maintenance', { exact: true }).waitFor();
    // Told live again: by somebody else, without a touch.
    await send('PATCH', `${lab.devices}/devices/incubator-1`, { status: 'available' });
    await card.getByText('available', { exact: true }).waitFor();
    // The spin was cut off: whatever became of it, the page knows.
    const { status } = await send<{ status: string }>('GET', `${lab.workflows}/workflows/${workflow.id}`);
    await steps.getByText(status, { exact: true }).first().waitFor();

    await form.getByRole('button', { name: 'Complete' }).click();
    await form.getByText('What was filled in').waitFor();
    await form.getByText('Typed while it was away').waitFor();

    await talk.getByText('On its way').waitFor({ state: 'detached' });
    const { messages } = await send<{ messages: { text: string }[] }>(
      'GET',
      `${lab.url}/chat/rooms/lab/messages`,
    );
    assert.deepEqual(
      messages.map(({ text }) => text),
      ['Said once'],
    );
    assert.equal(await talk.getByText('Said once').count(), 1);

    await elsewhere.getByRole('textbox', { name: 'Go to a page or a device' }).waitFor();
    await elsewhere.keyboard.press('Escape');
    await elsewhere.getByRole('heading', { name: 'Files', level: 1 }).waitFor();
  },
);
