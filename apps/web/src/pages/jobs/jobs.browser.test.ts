/** The work of the engine in a real browser: what wants a look is said, dead letters are brought back with a reason, and everybody can use it. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Db } from '@labwright/kernel/db';
import { assertAccessible, browserTest, looks, openPage } from '../../../testing/browser.ts';
import { openDeviceDatabase } from '../../../testing/database.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
let db: Db;
before(async () => {
  lab = await startLab();
  db = await openDeviceDatabase(lab);
  await db.raw(`
    INSERT INTO jobs (queue, task, args, state, attempts, max_attempts, error, finished_at)
    SELECT 'reports', 'reports.send', '{"to": "ada", "token": "hush"}', 'dead', 4, 4,
      '{"name": "TimeoutError", "message": "the mail server did not answer", "stack": "TimeoutError: the mail server did not answer"}', now()
    FROM generate_series(1, 3);
    INSERT INTO jobs (queue, task, args, state, max_attempts, key, seen)
    SELECT 'reports', 'reports.sum', '{}', (CASE WHEN i = 1 THEN 'ready' ELSE 'waiting' END)::job_state, 1, 'client-42', true FROM generate_series(1, 3) i;
    INSERT INTO job_schedules (name, owner, task, args, cron, zone, queue, priority, max_attempts, missed, overlap, next_at)
    VALUES ('nightly', 'test', 'reports.send', '{}', '0 3 * * *', 'UTC', 'reports', 0, 3, 'one', 'allow', now() + interval '5 hours')`);
});
after(async () => {
  await db?.close();
  await lab?.close();
});

browserTest('a dead letter is brought back, and why is on record', async (browser) => {
  const { page, faults } = await openPage(browser, `${lab.url}/ui/jobs?view=dead&task=reports.send`);
  await page.getByText('3 in all').waitFor();
  const row = page.getByRole('row').filter({ hasText: 'the mail server did not answer' }).first();
  const id = (await row.getByRole('button', { name: /^Bring back/ }).getAttribute('aria-label'))
    ?.split(' ')
    .at(-1);
  await row.getByRole('button', { name: /^Bring back/ }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('It starts again with all its attempts').waitFor();
  await dialog.getByLabel('Reason').fill('The mail server is back');
  await dialog.getByRole('button', { name: 'Bring back' }).click();
  await page.getByText('It is queued again').waitFor();
  await page.getByText('2 in all').waitFor();
  assert.deepEqual(faults, []);
  const { entries } = await (await fetch(`${lab.devices}/audit?action=job.requeue&limit=1`)).json();
  assert.deepEqual([entries[0].subject, entries[0].reason], [`job:${id}`, 'The mail server is back']);
});

browserTest('all dead letters of a filter are deleted at once', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/jobs?view=dead&task=reports.send`);
  await page.getByRole('button', { name: 'Delete all' }).click();
  await page.getByRole('dialog').getByText('Those with task reports.send.').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Delete all' }).click();
  await page.getByText('No dead letters').waitFor();
});

browserTest('a queue is paused and goes on; a schedule is run; a key has a line', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/jobs`);
  await page.getByRole('button', { name: 'Pause device.incubator' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause', exact: true }).click();
  await page.getByRole('button', { name: 'Resume device.incubator' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Resume', exact: true }).click();
  await page.getByRole('button', { name: 'Pause device.incubator' }).waitFor();

  await page.getByRole('tab', { name: 'Schedules' }).click();
  await page.getByRole('button', { name: 'Run now: nightly' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Run now' }).click();
  await page
    .getByRole('row', { name: /nightly/ })
    .getByText('ready')
    .waitFor();

  await page.getByRole('tab', { name: 'Locks' }).click();
  const row = page.getByRole('row', { name: /client-42/ });
  await row.getByRole('link', { name: '2' }).click();
  await page.getByText('2 in all').waitFor();
});

const views = ['queues', 'jobs', 'dead', 'schedules', 'workers', 'locks'];
for (const { scheme, size } of looks)
  browserTest(`jobs can be used by everybody: ${scheme}, ${size}`, async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/jobs`, { scheme, size });
    for (const view of views) {
      await page.goto(`${lab.url}/ui/jobs?view=${view}`);
      await page.getByRole('heading', { name: 'Jobs', level: 1 }).waitFor();
      await page.locator('[aria-busy=true]').first().waitFor({ state: 'hidden' });
      await assertAccessible(page, `${view}, ${scheme}, ${size}`);
      const beyond = await page.evaluate(
        () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
      );
      assert.ok(beyond <= 0, `${view} is ${beyond} pixels wider than a ${size}`);
    }
  });
