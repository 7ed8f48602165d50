/** Talk in real browsers: told live, paged up, changed, and gone on with after the laboratory was away. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { command } from '@labwright/kernel/statement';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { openHubDatabase } from '../../../testing/database.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab({}, { postgres: 'own' });
});
after(() => lab?.close());

/** A mail of an announcement that nobody's server took. */
const giveUp = command(
  'test.notifications.give_up',
  `INSERT INTO notification_deliveries (event_id, person_id, channel, state, attempts, due_at, error, ended_at)
   SELECT id, 'ada', 'email', 'failed', 55, now(), 'The mail server does not answer', now() FROM notification_events WHERE title = $1`,
);

/** As fast as the chat takes it. */
const write = async (room: string, text: string): Promise<void> => {
  const answer = await fetch(`${lab.url}/chat/rooms/${room}/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text }),
  });
  if (answer.status === 429) {
    await setTimeout(Number(answer.headers.get('retry-after')) * 1_000);
    return write(room, text);
  }
  assert.equal(answer.status, 201, await answer.text());
};

browserTest(
  'written in one window, read in another; edited and deleted; what was sent while it was away',
  async (browser) => {
    const ada = await openPage(browser, `${lab.url}/ui/chat`);
    await ada.page.getByText('Nobody has written here yet').waitFor();
    const bob = await openPage(browser, `${lab.url}/ui/chat`, { scheme: 'dark', size: 'phone' });
    await ada.page.getByRole('textbox', { name: 'Message', exact: true }).fill('Good morning @ada.lovelace');
    await ada.page.keyboard.press('Enter');
    await bob.page.getByText('Good morning').waitFor();
    await assertAccessible(bob.page, 'the talk on a phone');
    await ada.page.getByRole('button', { name: 'Edit this message' }).click();
    await ada.page.getByRole('textbox', { name: 'Text of the message' }).fill('Good evening');
    await ada.page.getByRole('button', { name: 'Keep' }).click();
    await bob.page.getByText('Good evening').waitFor();

    await lab.stop('SIGKILL');
    await ada.page.getByLabel('Connection: Offline').waitFor();
    await ada.page.getByRole('textbox', { name: 'Message', exact: true }).fill('Said while it was away');
    await ada.page.keyboard.press('Enter');
    await ada.page.getByText('On its way: Said while it was away').waitFor();
    await lab.start();
    await bob.page.getByText('Said while it was away').waitFor();
    await ada.page.getByText('On its way').waitFor({ state: 'detached' });
    assert.equal(await ada.page.getByText('Said while it was away').count(), 1);
    assert.equal(await bob.page.getByRole('listitem').count(), 2);

    await ada.page.getByRole('button', { name: 'Delete this message' }).last().click();
    await ada.page.getByRole('button', { name: 'Delete', exact: true }).click();
    await bob.page.getByText('This message was deleted.').waitFor();
    assert.deepEqual([...ada.faults, ...bob.faults], []);
  },
);

browserTest(
  'what is typed, and what could not be sent, outlives its page and is written once',
  async (browser) => {
    const address = `${lab.url}/ui/chat?room=device:incubator-1`;
    const { page, faults } = await openPage(browser, address);
    const field = page.getByRole('textbox', { name: 'Message', exact: true });
    await field.fill('Half a thought');
    await page.reload();
    await field.waitFor();
    assert.equal(await field.inputValue(), 'Half a thought');
    // From here on nobody hears this window.
    await page.routeWebSocket(/./, () => {});
    await page.reload();
    await field.fill('A whole thought');
    await page.keyboard.press('Enter');
    await page.getByText('On its way: A whole thought').waitFor();
    await page.reload();
    await page.getByText('On its way: A whole thought').waitFor();
    assert.equal(await field.inputValue(), '');

    // Another window of the same person has a connection, and what waits is sent wherever they are.
    const elsewhere = await openPage(browser, `${lab.url}/ui/queue`, { context: page.context() });
    await elsewhere.page.getByLabel('Connection: Live').waitFor();
    await elsewhere.page.goto(address);
    await elsewhere.page.getByText('A whole thought', { exact: true }).waitFor();
    await elsewhere.page.waitForFunction(
      () => !Object.keys(localStorage).some((key) => key.startsWith('labwright.chat.')),
    );
    await elsewhere.page.reload();
    await elsewhere.page.getByText('A whole thought', { exact: true }).waitFor();
    assert.equal(await elsewhere.page.getByText('A whole thought').count(), 1);
    assert.deepEqual([...faults, ...elsewhere.faults], []);
  },
);

browserTest('a room is called what its workflow or device is called, and leads there', async (browser) => {
  const made = await fetch(`${lab.workflows}/workflows`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'Dilution of batch 7', device_id: 'centrifuge-1', steps: ['spin'] }),
  });
  const { id } = (await made.json()) as { id: string };
  await write(`run:${id}`, 'Ready when you are');
  await write('device:centrifuge-1', 'The lid squeaks');
  const { page, faults } = await openPage(browser, `${lab.url}/ui/chat?room=run:${id}`);
  const rooms = page.getByRole('navigation', { name: 'Rooms' });
  await rooms.getByRole('button', { name: 'Dilution of batch 7' }).waitFor();
  await page.getByRole('region', { name: 'Talk: Dilution of batch 7' }).getByText('Ready when you').waitFor();
  await assertAccessible(page, 'the room of a workflow');
  assert.equal(await page.getByText(id).count(), 0, 'nobody has to read an id');
  await rooms.getByRole('button', { name: 'Centrifuge 1' }).click();
  await page.getByText('About the device Centrifuge 1.').waitFor();
  await rooms.getByRole('button', { name: 'Dilution of batch 7' }).click();
  await page.getByText('About the workflow').getByRole('link', { name: 'Dilution of batch 7' }).click();
  await page.getByRole('heading', { name: 'Dilution of batch 7', level: 1 }).waitFor();
  assert.deepEqual(faults, []);
});

browserTest('earlier messages are read page by page, each once and in order', async (browser) => {
  for (let count = 1; count <= 55; count += 1) await write('device:reader-1', `Line ${count}`);
  const { page } = await openPage(browser, `${lab.url}/ui/chat?room=device:reader-1`);
  await page.getByText('Line 55', { exact: true }).waitFor();
  assert.equal(await page.getByText('Line 3', { exact: true }).count(), 0);
  await write('device:reader-1', 'Line 56');
  await page.getByText('Line 56', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Show earlier messages' }).click();
  await page.getByText('Line 1', { exact: true }).waitFor();
  const lines = await page.getByText(/^Line \d+$/).allTextContents();
  assert.deepEqual(
    lines,
    Array.from({ length: 56 }, (_, index) => `Line ${index + 1}`),
  );
});

browserTest('what somebody hears of: subscribed, told, counted by the bell, read', async (browser) => {
  const { page, faults } = await openPage(browser, `${lab.url}/ui/notifications?view=settings`);
  await page.getByRole('heading', { name: 'What you are told about' }).waitFor();
  // What everybody is told from the beginning has a name, too.
  await page.getByRole('row', { name: /^News of the laboratory/ }).waitFor();
  await page.getByRole('button', { name: 'Subscribe' }).click();
  await page.getByRole('button', { name: /^Remove: Workflows that fail, Here/ }).waitFor();
  await assertAccessible(page, 'what one hears of');
  await page.getByText('All', { exact: true }).click();
  const answer = await fetch(`${lab.url}/announcements`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      title: 'The cold room is being cleaned',
      text: 'Until noon.',
      severity: 'warning',
    }),
  });
  assert.ok(answer.ok, await answer.text());
  await page.getByText('The cold room is being cleaned').waitFor();
  await assertAccessible(page, 'notifications');
  await page.getByRole('link', { name: /unread notifications$/ }).waitFor();
  await page.getByRole('button', { name: 'Mark all as read' }).click();
  await page.getByRole('link', { name: 'No unread notifications' }).waitFor();
  await page.getByText('Unread', { exact: true }).click();
  await page.getByText('You are up to date').waitFor();
  await page.getByText('Undelivered', { exact: true }).click();
  await page.getByText('Everything was delivered').waitFor();
  const db = await openHubDatabase(lab);
  try {
    assert.equal(await db.execute(giveUp, ['The cold room is being cleaned']), 1);
  } finally {
    await db.close();
  }
  await page.reload();
  const lost = page.getByRole('row', { name: /The cold room is being cleaned/ });
  await lost.getByText('The mail server does not answer · tried 55 times').waitFor();
  await assertAccessible(page, 'undelivered messages');
  assert.deepEqual(faults, []);
});
