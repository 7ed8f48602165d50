/** A task in a real browser: found by its code on a phone and done, changed under somebody's hands, told live after a restart. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';
import type { Task } from './task.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab({}, { postgres: 'own' });
});
after(() => lab?.close());

async function send(method: string, path: string, body: object): Promise<Task> {
  const answer = await fetch(`${lab.url}${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  assert.ok(answer.ok, text);
  return JSON.parse(text);
}
const makeTask = (title: string, more: object = {}) => send('POST', '/tasks', { title, ...more });
const fields = [
  { type: 'barcode', name: 'plate', label: 'Plate', expected: ['PLATE-77'] },
  { type: 'number', name: 'volume', label: 'Volume left', unit: 'uL', minimum: 0, maximum: 200 },
  { type: 'choice', name: 'seal', label: 'Seal', options: ['clear', 'foil'] },
  { type: 'yes_no', name: 'bubbles', label: 'Any bubbles?' },
  { type: 'date', name: 'expires', label: 'Expires', optional: true },
  { type: 'text', name: 'note', label: 'Note', optional: true },
];

browserTest('on a phone: a code is scanned, the form filled in, the task done', async (browser) => {
  const instructions =
    'Use a **clear** seal.\n\n1. Wipe it\n2. Press it\n\n<script>alert(1)</script> [x](javascript:alert(1))';
  const task = await makeTask('Seal the plate', { fields, instructions, due_at: '2026-01-01T00:00:00Z' });
  const { page, faults } = await openPage(browser, `${lab.url}/ui/tasks`, { size: 'phone' });
  await page.getByRole('link', { name: 'Seal the plate' }).waitFor();
  await page.getByText('overdue').waitFor();
  await assertAccessible(page, 'the list of tasks');
  await page.getByRole('textbox', { name: 'Scan a code' }).fill('NOWHERE-1');
  await page.keyboard.press('Enter');
  await page.getByText('No task for this code').waitFor();
  await page.getByRole('textbox', { name: 'Scan a code' }).fill('PLATE-77');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Seal the plate', level: 1 }).waitFor();
  assert.match(page.url(), new RegExp(`/ui/tasks/${task.id}$`));
  // What is no markdown stays text, and leads nowhere.
  await page.getByText('<script>alert(1)</script>').waitFor();
  assert.equal(await page.locator('a[href^="javascript"]').count(), 0);

  await page.getByRole('button', { name: 'Complete' }).click();
  assert.equal(await page.getByText('Fill this in.').count(), 4);
  await assertAccessible(page, 'a form with faults');
  await page.getByRole('textbox', { name: 'Plate' }).fill('PLATE-78');
  await page.getByText('This is not the expected code. Expected: PLATE-77.').waitFor();
  await page.getByRole('textbox', { name: 'Plate' }).fill('PLATE-77');
  await page.getByLabel('Volume left').fill('12,5');
  await page.getByRole('combobox', { name: 'Seal' }).click();
  await page.getByRole('option', { name: 'clear' }).click();
  await page.getByLabel('No', { exact: true }).check();
  await page.getByRole('button', { name: 'Complete' }).click();
  await page.getByText('What was filled in').waitFor();
  await page.getByText('12.5 uL').waitFor();
  const done = (await (await fetch(`${lab.url}/tasks/${task.id}`)).json()) as Task;
  assert.deepEqual(done.values, { plate: 'PLATE-77', volume: 12.5, seal: 'clear', bubbles: false });
  assert.deepEqual(faults, []);
});

browserTest('changed by somebody else meanwhile: told, and what was typed is kept', async (browser) => {
  const task = await makeTask('Weigh the tube', {
    fields: [{ type: 'number', name: 'mass', label: 'Mass', unit: 'g' }],
  });
  const { page } = await openPage(browser, `${lab.url}/ui/tasks/${task.id}`);
  await page.getByLabel('Mass').fill('3');
  await send('PATCH', `/tasks/${task.id}`, { version: 1, title: 'Weigh both tubes' });
  await page.getByText('This task was changed meanwhile').waitFor();
  await page.getByText('It is called “Weigh both tubes” now.').waitFor();
  // Handing it in all the same is refused, and changes nothing.
  const [refusal] = await Promise.all([
    page.waitForResponse((response) => response.url().endsWith('/complete')),
    page.getByRole('button', { name: 'Complete' }).click(),
  ]);
  assert.equal(refusal.status(), 409);
  await assertAccessible(page, 'a task that was changed');
  await page.getByRole('button', { name: 'Carry on with the new version' }).click();
  assert.equal(await page.getByLabel('Mass').inputValue(), '3');
  await page.getByRole('button', { name: 'Complete' }).click();
  await page.getByText('What was filled in').waitFor();
});

browserTest('a refusal tells the state that is newer than what was seen', async (browser) => {
  const task = await makeTask('Empty the bin', {
    fields: [{ type: 'yes_no', name: 'full', label: 'Was it full?' }],
  });
  const { page } = await openPage(browser, `${lab.url}/ui/tasks/${task.id}`);
  await page.getByLabel('Yes').waitFor();
  // Somebody else is quicker, while the answer is on its way.
  await page.route(`**/tasks/${task.id}/complete`, async (route) => {
    await send('POST', `/tasks/${task.id}/cancel`, { reason: 'It was emptied already' });
    await route.continue();
  });
  await page.getByLabel('Yes').check();
  await page.getByRole('button', { name: 'Complete' }).click();
  await page.getByText('It is cancelled now: It was emptied already.').waitFor();
  await page.getByRole('button', { name: 'Show the new version' }).click();
  await page.getByRole('button', { name: 'Reopen it' }).click();
  await page.getByRole('button', { name: 'Open again' }).click();
  await page.getByText('Say why, in a few words.').waitFor();
  await page.getByLabel('Reason').fill('Full again');
  await page.getByRole('button', { name: 'Open again' }).click();
  await page.getByRole('button', { name: 'Take it' }).click();
  await page.getByText('With you').waitFor();
  await page.getByRole('button', { name: 'Put it back' }).click();
  await page.getByRole('button', { name: 'Take it' }).waitFor();
});

browserTest('asked for in the browser, seen live in another window after a restart', async (browser) => {
  const watching = await openPage(browser, `${lab.url}/ui/tasks?view=mine`);
  await watching.page.getByText('You have no tasks').waitFor();
  await watching.page.getByText('To do', { exact: true }).click();
  await watching.page.getByLabel('Connection: Live').waitFor();
  await lab.restart('SIGKILL');
  await watching.page.getByLabel('Connection: Live').waitFor();

  const { page, faults } = await openPage(browser, `${lab.url}/ui/tasks/new`, { scheme: 'dark' });
  await page.getByRole('textbox', { name: 'What needs doing' }).fill('Refill the tips');
  await page.getByRole('textbox', { name: 'Instructions' }).fill('Only **blue** ones.');
  await page.getByRole('button', { name: 'Add a field' }).click();
  await page.getByRole('textbox', { name: 'Question' }).fill('How many boxes?');
  await assertAccessible(page, 'a new task');
  await page.getByRole('button', { name: 'Create the task' }).click();
  await page.getByRole('heading', { name: 'Refill the tips', level: 1 }).waitFor();
  await watching.page.getByRole('link', { name: 'Refill the tips' }).waitFor();
  assert.deepEqual(faults, []);
});
