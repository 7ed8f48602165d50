/** Workflows in a real browser: found by filters, followed live, repaired after a failure; two people who want one device. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Page } from 'playwright-core';
import { assertAccessible, browserTest, looks, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
});
after(() => lab?.close());

async function post(url: string, body: object = {}): Promise<{ id: string }> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${url}: ${response.status} ${await response.clone().text()}`);
  return (await response.json()) as { id: string };
}

/** A liquid handler of this test alone. */
const addDevice = (id: string, settings: object = {}, name = id) =>
  post(`${lab.devices}/devices`, {
    id,
    name,
    type: 'liquid_handler',
    settings: { speed: 600, ...settings },
  });

const addWorkflow = async (name: string, device_id: string, steps: (string | object)[] = ['mix', 'wash']) =>
  (await post(`${lab.workflows}/workflows`, { name, device_id, steps, sample_barcodes: ['SAMPLE001'] })).id;

const open = async (...given: Parameters<typeof openPage>): Promise<Page> => (await openPage(...given)).page;
const step = (page: Page, number: number) =>
  page
    .getByRole('list', { name: 'Steps' })
    .getByRole('listitem')
    .nth(number - 1);

browserTest(
  'a workflow is found by its name, its status and its device, and the address says so',
  async (browser) => {
    await addDevice('finder');
    await addWorkflow('Needle in the hay', 'finder');
    const { page, faults } = await openPage(browser, `${lab.url}/ui/workflows`);
    await page.getByRole('heading', { name: 'Workflows', level: 1 }).waitFor();
    await page.getByLabel('Name or id').fill('NEEDLE');
    await page.getByText('One in all').waitFor();
    await page.getByLabel('Status').selectOption('created');
    await page.getByLabel('Device').selectOption('finder');
    await page.waitForURL((url) => url.search === '?q=NEEDLE&status=created&device=finder');
    // The address alone shows the same to somebody else, and what is done meanwhile is seen.
    const other = await open(browser, page.url());
    await other.getByRole('link', { name: 'Needle in the hay' }).waitFor();
    await other.getByLabel('Status').selectOption('failed');
    await other.getByText('No matching workflows').waitFor();
    await other.getByRole('button', { name: 'Show all' }).click();
    await other.getByRole('button', { name: 'Show more' }).waitFor();
    await addWorkflow('Another one', 'finder');
    await other.getByRole('link', { name: 'Another one' }).waitFor();
    assert.deepEqual(faults, []);
  },
);

for (const { scheme, size } of looks)
  browserTest(`list and workflow can be used by everybody: ${size}, ${scheme}`, async (browser) => {
    const device = `everybody-${size}`;
    await addDevice(device);
    const id = await addWorkflow(`For everybody, ${size}`, device);
    await post(`${lab.workflows}/workflows/${id}/start`);
    await post(`${lab.workflows}/workflows/${id}/execute-step`);
    const { page, faults } = await openPage(browser, `${lab.url}/ui/workflows`, { size, scheme });
    await page.getByRole('link', { name: `For everybody, ${size}` }).waitFor();
    await assertAccessible(page, 'the list of workflows');
    await page.getByRole('link', { name: `For everybody, ${size}` }).click();
    await step(page, 1).getByText('succeeded').waitFor();
    await assertAccessible(page, 'the steps of a workflow');
    for (const [tab, text] of [
      ['Samples', 'SAMPLE001'],
      ['Log', 'One in all'],
      ['Results', 'No results yet'],
      ['Files', 'No files yet'],
      ['Chat', 'Nobody has written yet'],
    ] as const) {
      await page.getByRole('tab', { name: tab }).click();
      await page.getByText(text).first().waitFor();
      await assertAccessible(page, `the ${tab} of a workflow`);
    }
    // Tabs stand in one line, which scrolls to the one that is shown; the page itself does not.
    const tabs = await page
      .getByRole('tab')
      .evaluateAll((all) => all.map((tab) => tab.getBoundingClientRect().top));
    assert.equal(new Set(tabs).size, 1);
    const last = await page.getByRole('tab', { name: 'Chat' }).boundingBox();
    assert.ok(
      last && last.x >= 0 && last.x + last.width <= (page.viewportSize()?.width ?? 0),
      'Chat is in sight',
    );
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth > innerWidth), false);
    await page.getByRole('textbox', { name: 'Message', exact: true }).fill('The plate is in.');
    await page.keyboard.press('Enter');
    await page.getByRole('list', { name: 'Messages' }).getByText('The plate is in.').waitFor();
    assert.deepEqual(faults, []);
  });

browserTest(
  'a workflow that fails is repaired: the step is tried again, and it goes on to its end',
  async (browser) => {
    await addDevice('clogs', {
      faults: [{ kind: 'fail', code: 'clogged_tip', next: 1, operations: ['mix'] }],
    });
    const id = await addWorkflow('Repaired', 'clogs');
    const { page, faults } = await openPage(browser, `${lab.url}/ui/workflows/${id}`);
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('dialog').getByText('clogs is free.').waitFor();
    await assertAccessible(page, 'the question before the start');
    await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
    const others = await open(browser, `${lab.url}/ui/queue/clogs`);
    await others.getByText('held by Repaired, which waits until somebody runs step 1').waitFor();
    const all = await open(browser, `${lab.url}/ui/`);
    const card = all.getByRole('listitem').filter({ hasText: 'Repaired' });
    await card.getByText('waits until somebody runs step 1').waitFor();
    await page.getByRole('button', { name: 'Run step 1' }).click();
    await step(page, 1).getByText('it is clogged').waitFor();
    await page.getByRole('button', { name: 'Pause' }).waitFor({ state: 'detached' });
    await page.getByText('It has failed, and still holds clogs').waitFor();
    await page
      .getByText('Then try step 1 again, or cancel the workflow, which releases the device.')
      .waitFor();
    await assertAccessible(page, 'a workflow that failed');
    await others.getByText(/held by Repaired, which has failed at step 1: .*clogged/).waitFor();
    await assertAccessible(others, 'the queue behind a workflow that failed');
    await card.getByText('failed at step 1').waitFor();
    await card.getByText('not known').waitFor();
    await assertAccessible(all, 'the card of a workflow that failed');

    await page.getByRole('button', { name: 'Try step 1 again' }).click();
    await page.getByRole('dialog').getByText('it is clogged. See to the device').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Try again' }).click();
    await step(page, 1).getByText('succeeded').waitFor();
    await step(page, 1).getByText('Tried 2 times').waitFor();
    await page.getByRole('button', { name: 'Run step 2' }).click();
    await step(page, 2).getByText('succeeded').waitFor();
    await page.getByRole('button', { name: 'Complete' }).click();
    await page.getByRole('dialog').getByLabel('Reason (optional)').waitFor();
    await page.getByRole('dialog').getByRole('button', { name: 'Complete' }).click();
    await page.getByText('completed', { exact: true }).waitFor();
    await page.getByRole('tab', { name: 'Results' }).click();
    await page.getByText('It ended without results from files').waitFor();
    await page.getByRole('button', { name: 'Cancel' }).waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);
  },
);

browserTest('two people want one device: one has it, the other is told who, and waits', async (browser) => {
  await addDevice('wanted', {}, 'Wanted by two');
  const ids = [await addWorkflow('Of Ada', 'wanted'), await addWorkflow('Of Ben', 'wanted')];
  const pages = await Promise.all(ids.map((id) => open(browser, `${lab.url}/ui/workflows/${id}`)));
  for (const page of pages) {
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('dialog').getByText('Wanted by two is free.').waitFor();
  }
  for (const page of pages) {
    // Said once, it stays as it is said, also where the device is taken meanwhile.
    const wait = page.getByLabel('Wait in the queue if Wanted by two is not free');
    await wait.check();
    await wait.uncheck();
  }
  // Both at the same moment.
  await Promise.all(
    pages.map((page) => page.getByRole('dialog').getByRole('button', { name: 'Start' }).click()),
  );
  const refused = pages.map((page) =>
    page
      .getByText('wait in the queue instead?')
      .waitFor()
      .then(() => page),
  );
  const loser = await Promise.any(refused);
  // The other waits for what never comes, until its window is closed.
  for (const each of refused) each.catch(() => {});
  const winner = pages.find((page) => page !== loser);
  assert.ok(winner);
  await winner.getByText('running', { exact: true }).waitFor();
  const holder = loser === pages[0] ? 'Of Ben' : 'Of Ada';
  const refusal = loser.getByRole('dialog').getByRole('alert').filter({ hasText: 'It could not begin' });
  await refusal.getByRole('link', { name: holder }).waitFor();
  assert.match((await refusal.textContent()) ?? '', new RegExp(`Wanted by two is held by ${holder}; wait`));
  // What is advised to programs is not for people.
  assert.doesNotMatch((await loser.getByRole('dialog').textContent()) ?? '', /\{|"queue"|\bwanted\b/);

  // Whoever comes now is put in line without asking, and told why.
  const third = await open(browser, `${lab.url}/ui/workflows/${await addWorkflow('Of Cid', 'wanted')}`);
  await third.getByRole('button', { name: 'Start' }).click();
  await third.getByRole('dialog').getByText('Ticked because Wanted by two is not free now.').waitFor();
  const wait = third.getByLabel('Wait in the queue if Wanted by two is not free');
  assert.equal(await wait.isChecked(), true);
  await wait.uncheck();
  await third.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
  await third.getByRole('dialog').getByText('wait in the queue instead?').waitFor();
  await third.close();

  await loser.getByRole('button', { name: 'Wait in the queue' }).click();
  await loser.getByText('Number 1 of 1').waitFor();
  await assertAccessible(loser, 'a workflow that waits');
  // Its turn comes by itself, while it is looked at.
  await winner.getByRole('button', { name: 'Complete' }).click();
  await winner.getByRole('dialog').getByRole('button', { name: 'Complete' }).click();
  await loser.getByText('running', { exact: true }).waitFor();
});

browserTest(
  'a device that hangs is stopped, and the workflow cancelled, with the reason',
  async (browser) => {
    await addDevice('silent', { faults: [{ kind: 'hang', next: 1 }] });
    const id = await addWorkflow('Hangs', 'silent', ['mix']);
    const page = await open(browser, `${lab.url}/ui/workflows/${id}`);
    await page.getByRole('button', { name: 'Start' }).click();
    await page.getByRole('dialog').getByRole('button', { name: 'Start' }).click();
    await page.getByRole('button', { name: 'Run step 1' }).click();
    // While the device moves nothing else can be asked.
    await page.getByRole('button', { name: 'Stop the device' }).click();
    await page.getByRole('button', { name: 'Complete' }).waitFor({ state: 'detached' });
    await page.getByRole('dialog').getByRole('button', { name: 'Stop the device' }).click();
    await step(page, 1).getByText('aborted', { exact: true }).waitFor();
    await page.getByRole('button', { name: 'Cancel' }).click();
    await page.getByLabel('Reason').fill('It hangs');
    await page.getByRole('button', { name: 'Cancel the workflow' }).click();
    await page.getByText('Why it is cancelled').waitFor();
  },
);

browserTest('a workflow that is not there says so', async (browser) => {
  const page = await open(browser, `${lab.url}/ui/workflows/none`);
  await page.getByText('It may have been deleted').waitFor();
  await page.getByRole('link', { name: 'All workflows' }).click();
  await page.getByRole('heading', { name: 'Workflows', level: 1 }).waitFor();
});
