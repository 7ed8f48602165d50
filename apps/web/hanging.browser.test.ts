/**
 * A service that hangs: it takes what is asked, and never answers. The page says so in time, in words that tell a read from a change, keeps what was
 * typed, and goes on once the service does. The clock of the browser is moved on by hand: nobody waits for the limits themselves.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, request as forward, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before } from 'node:test';
import type { Page } from 'playwright-core';
import { patience } from './src/api/hub-fetch.ts';
import { assertAccessible, browserTest, openPage } from './testing/browser.ts';
import { type BrowserLab, startLab } from './testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
});
after(() => lab?.close());

/** Before the laboratory: passes on all but what it is told to swallow, of which it says that it has come. */
async function openGate(hub: string) {
  let swallows = (_method: string, _path: string) => false;
  const swallowed: string[] = [];
  const pass = (request: IncomingMessage, response: ServerResponse) => {
    const { method = 'GET', url = '/', headers } = request;
    if (swallows(method, url)) {
      swallowed.push(`${method} ${url.split('?')[0]}`);
      request.resume();
      return;
    }
    const onward = forward(`${hub}${url}`, { method, headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  };
  const server = createServer(pass).listen(0, 'localhost');
  // No live connection: what it would have asked again is not what is counted here.
  server.on('upgrade', (_request, socket) => socket.destroy());
  await once(server, 'listening');
  return {
    url: `http://localhost:${(server.address() as AddressInfo).port}`,
    swallowed,
    swallow: (which: typeof swallows) => {
      swallows = which;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((ended) => server.close(ended));
    },
  };
}
const toldOf = (page: Page) => page.getByRole('alert').filter({ hasText: 'The laboratory does not answer' });

type Gate = Awaited<ReturnType<typeof openGate>>;

async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const last = performance.now() + 60_000;
  while (!(await isSo())) {
    assert.ok(performance.now() < last, `${what}: never`);
    await new Promise(setImmediate);
  }
}

/** Moves the clock of the page on once a request has come that nobody answers. */
async function letPass(page: Page, gate: Gate, path: string, times: number, ms: number) {
  const come = () => gate.swallowed.filter((each) => each.endsWith(path)).length;
  for (let time = 1; time <= times; time += 1) {
    // What is asked again is asked after a pause, which the clock has to pass as well.
    await until(`request ${time} of ${path}`, async () => {
      if (come() >= time) return true;
      await page.clock.runFor(500);
      return come() >= time;
    });
    await page.clock.runFor(ms);
  }
}

browserTest(
  'a read that nobody answers is tried again, then told of; once there is an answer it is shown',
  async (browser) => {
    const gate = await openGate(lab.url);
    try {
      const context = await browser.newContext({ reducedMotion: 'reduce' });
      await context.clock.install();
      const { page, faults } = await openPage(browser, `${gate.url}/ui/workflows`, { context });
      await page.getByRole('heading', { name: 'Workflows', level: 1 }).waitFor();
      gate.swallow((_method, path) => path.startsWith('/tasks'));
      await page.getByRole('link', { name: 'Tasks', exact: true }).click();
      await page.getByRole('heading', { name: 'Tasks', level: 1 }).waitFor();
      await page.clock.runFor(patience.read / 2);
      assert.equal(await toldOf(page).count(), 0, 'it is too early to give up');
      await letPass(page, gate, '/tasks', 3, patience.read);
      const told = toldOf(page);
      await told
        .getByText('There was no answer within 20 seconds. Try again; if it stays like this')
        .waitFor();
      await assertAccessible(page, 'a page that nobody answers');
      assert.equal(gate.swallowed.filter((each) => each.endsWith('/tasks')).length, 3, 'asked three times');
      gate.swallow(() => false);
      await told.getByRole('button', { name: 'Try again' }).click();
      await told.waitFor({ state: 'detached' });
      assert.deepEqual(faults, []);
    } finally {
      await gate.close();
    }
  },
);

browserTest(
  'a change that nobody answers may have been done: it is sent once, and what was typed stays',
  async (browser) => {
    const gate = await openGate(lab.url);
    try {
      const context = await browser.newContext({ reducedMotion: 'reduce' });
      await context.clock.install();
      const { page, faults } = await openPage(browser, `${gate.url}/ui/tasks/new`, { context });
      await page.getByLabel('What needs doing').fill('Weigh the tube');
      gate.swallow((method) => method === 'POST');
      await page.getByRole('button', { name: 'Create the task' }).click();
      await until('the change', () => gate.swallowed.includes('POST /tasks'));
      await page.clock.runFor(patience.change / 2);
      assert.equal(await toldOf(page).count(), 0, 'it is too early to give up');
      await page.clock.runFor(patience.change / 2);
      const told = toldOf(page);
      await told
        .getByText(
          'There was no answer within 90 seconds. This may or may not have been done: look before you do it again.',
        )
        .waitFor();
      assert.equal(await page.getByLabel('What needs doing').inputValue(), 'Weigh the tube');
      assert.deepEqual(
        gate.swallowed.filter((each) => each === 'POST /tasks'),
        ['POST /tasks'],
      );
      assert.deepEqual(faults, []);
    } finally {
      await gate.close();
    }
  },
);
