/** The frame of the pages in a real browser: it opens, is live, comes back after the laboratory was away, and everybody can use it. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, looks, openPage } from './testing/browser.ts';
import { contrastOf } from './testing/contrast.ts';
import { type BrowserLab, startLab } from './testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab({}, { postgres: 'own' });
});
after(() => lab?.close());

browserTest('the address of the start screen opens the laboratory', async (browser) => {
  const context = await browser.newContext();
  const refused: string[] = [];
  context.on('response', (response) => {
    if (response.status() >= 400) refused.push(`${response.status()} ${response.url()}`);
  });
  const { page, faults } = await openPage(browser, lab.url, { context });
  await page.getByRole('heading', { name: 'Lab', level: 1 }).waitFor();
  await page.getByText('Liquid handler 1').waitFor();
  await page.getByLabel('Connection: Live').waitFor();
  assert.equal(new URL(page.url()).pathname, '/ui/');
  assert.deepEqual(faults, [], 'the console tells of faults, or something breaks the policy of the page');
  assert.deepEqual(refused, [], 'whoever opens the pages asks for nothing that is refused');
});

for (const { scheme, size } of looks)
  browserTest(`the frame can be used by everybody: ${scheme}, ${size}`, async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/`, { scheme, size });
    await page.getByText('Liquid handler 1').waitFor();
    await page.getByLabel('Connection: Live').waitFor();
    await assertAccessible(page, `the laboratory, ${scheme}, ${size}`);
    // As they are, pointed at, and pressed: the last two no check of a page at rest can see.
    const main = page.getByRole('main');
    for (const [name, button, text] of [
      ['All 8', main.getByRole('button', { name: 'All 8' }), '.mantine-Button-label'],
      ['available 8', main.getByRole('button', { name: 'available 8' }), '.mantine-Button-label'],
      ['Lab', page.getByRole('link', { name: 'Lab', exact: true }), '.mantine-NavLink-label'],
    ] as const) {
      // On a phone the pages are in the menu.
      if (size === 'phone' && name === 'Lab') continue;
      const readable = async (how: string) => {
        const contrast = await contrastOf(button.locator(text));
        assert.ok(contrast >= 4.5, `“${name}” ${how}, ${scheme}: ${contrast.toFixed(2)} : 1`);
      };
      await readable('at rest');
      await button.hover();
      await readable('pointed at');
      await page.mouse.down();
      await readable('pressed');
      await page.mouse.up();
    }
  });

browserTest('by keyboard alone: skip to the page, go to another one by its name', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/`);
  await page.getByText('Liquid handler 1').waitFor();
  await page.keyboard.press('Tab');
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the page');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement?.id), 'main');
  await page.keyboard.press('Control+k');
  await page.getByRole('textbox', { name: 'Go to a page or a device' }).fill('gantt');
  await page.getByText('Timeline').last().waitFor();
  await assertAccessible(page, 'the command palette');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'Timeline', level: 1 }).waitFor();
  assert.equal(new URL(page.url()).pathname, '/ui/timeline');
});

browserTest('on a phone the pages are in a menu', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/`, { size: 'phone' });
  await page.getByText('Liquid handler 1').waitFor();
  await page.getByLabel('Open the menu').click();
  await page.getByRole('link', { name: 'Timeline' }).click();
  await page.getByRole('heading', { name: 'Timeline', level: 1 }).waitFor();
});

browserTest('an address that leads nowhere says so', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/no/such/page`);
  await page.getByText('There is no such page').waitFor();
  await page.getByRole('link', { name: 'Back to the laboratory' }).click();
  await page.getByText('Liquid handler 1').waitFor();
});

browserTest('the laboratory stops: it is said; it comes back: what changed is there', async (browser) => {
  const { page } = await openPage(browser, `${lab.url}/ui/`);
  await page.getByLabel('Connection: Live').waitFor();
  await lab.stop('SIGKILL');
  await page.getByText('The connection to the laboratory is lost.').waitFor();
  await page.getByLabel('Connection: Offline').waitFor();
  await lab.start();
  await page.getByLabel('Connection: Live').waitFor();
  // Told live, without a touch.
  const change = await fetch(`${lab.devices}/devices/incubator-1`, {
    method: 'PATCH',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ status: 'maintenance' }),
  });
  assert.equal(change.status, 200);
  await page.getByText('maintenance').waitFor();
});
