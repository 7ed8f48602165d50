/** The tour of the demo laboratory: offered once, to whoever comes in by the front door; by keyboard, for everybody, and begun again by name. */
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

const visit = { firstVisit: true } as const;
const invitation = (page: Page) => page.getByRole('complementary', { name: 'New here?' });
const step = (page: Page, title: string) => page.getByRole('dialog', { name: title });

browserTest(
  'through all steps by keyboard: a workflow of the demo is started on the way',
  async (browser) => {
    const { page, faults } = await openPage(browser, `${lab.url}/ui/`, visit);
    await invitation(page).waitFor();
    await page.getByText('Liquid handler 1').waitFor();
    // It takes the keyboard from nobody.
    await page.keyboard.press('Tab');
    assert.equal(await page.evaluate(() => document.activeElement?.textContent), 'Skip to the page');
    await page.getByRole('button', { name: 'Show me around' }).focus();
    await page.keyboard.press('Enter');

    await step(page, 'A card for each instrument').waitFor();
    await page.waitForFunction(() => document.activeElement?.id === 'tour-title');
    const next = async (expected: string) => {
      // The title, then what can be pressed, and round again: never out of the card.
      for (let presses = 0; presses < 8; presses += 1) {
        await page.keyboard.press('Tab');
        const at = await page.evaluate(() => ({
          within: document.activeElement?.closest('[role=dialog]') !== null,
          name: document.activeElement?.textContent,
        }));
        assert.ok(at.within, 'the keyboard left the tour');
        if (at.name === 'Next') break;
      }
      await page.keyboard.press('Enter');
      await step(page, expected).waitFor();
      await page.waitForFunction(() => document.activeElement?.id === 'tour-title');
    };
    await next('Start a workflow');
    await page.getByRole('heading', { name: 'Serial dilution 8', level: 1 }).waitFor();
    await step(page, 'Start a workflow')
      .getByRole('button', { name: 'Start “Serial dilution 8”' })
      .press('Enter');
    await step(page, 'Start a workflow')
      .getByText(/It is (running|completed)/)
      .waitFor();
    await next('The queue');
    await page.getByRole('heading', { name: 'Queue', level: 1 }).waitFor();
    await next('Progress, live');
    await next('Find anything, miss nothing');
    await step(page, 'Find anything, miss nothing').getByRole('button', { name: 'Done' }).press('Enter');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.deepEqual(faults, []);

    // It is remembered by this browser, and comes when it is called.
    await page.goto(`${lab.url}/ui/`);
    await page.getByLabel('Connection: Live').waitFor();
    await page.waitForLoadState('networkidle');
    assert.equal(await invitation(page).count(), 0);
    await page.goto(`${lab.url}/ui/timeline`);
    await page.getByRole('heading', { name: 'Timeline', level: 1 }).waitFor();
    await page.keyboard.press('Control+k');
    await page.getByRole('textbox', { name: 'Go to a page or a device' }).fill('tour');
    await page.getByText('Show me around').waitFor();
    await page.keyboard.press('Enter');
    await step(page, 'A card for each instrument').waitFor();
    await page.keyboard.press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },
);

browserTest(
  'it is in nobody’s way: not on a linked page, and gone when somebody goes on',
  async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/?q=incubator`, visit);
    await page.getByText('Incubator 1').waitFor();
    await page.waitForLoadState('networkidle');
    assert.equal(await invitation(page).count(), 0);
    await page.goto(`${lab.url}/ui/`);
    await invitation(page).waitFor();
    await page.getByRole('link', { name: 'Timeline' }).click();
    await invitation(page).waitFor({ state: 'detached' });
    // Left in the middle, it ends.
    await page.goto(`${lab.url}/ui/`);
    await page.getByRole('button', { name: 'Show me around' }).click();
    await step(page, 'A card for each instrument').waitFor();
    await page.getByRole('link', { name: 'Samples' }).click();
    await page.getByRole('heading', { name: 'Samples', level: 1 }).waitFor();
    await page.getByRole('dialog').waitFor({ state: 'detached' });
  },
);

for (const { scheme, size } of looks)
  browserTest(`the tour can be used by everybody: ${scheme}, ${size}`, async (browser) => {
    const { page } = await openPage(browser, `${lab.url}/ui/`, { ...visit, scheme, size });
    await page.getByText('Liquid handler 1').waitFor();
    await invitation(page).waitFor();
    await assertAccessible(page, `the invitation, ${scheme}, ${size}`);
    await page.getByRole('button', { name: 'Show me around' }).click();
    for (const title of ['A card', '', 'The queue', 'Progress', 'Find anything']) {
      await page.getByRole('dialog', { name: title }).waitFor();
      await assertAccessible(page, `“${title}”, ${scheme}, ${size}`);
      const box = await page.getByRole('dialog').boundingBox();
      const window = page.viewportSize();
      assert.ok(box && window, 'the card is not shown');
      assert.ok(
        box.x >= 0 && box.y >= 0 && box.x + box.width <= window.width && box.y + box.height <= window.height,
        `“${title}” is beyond the edge of a ${size}: ${JSON.stringify(box)}`,
      );
      await page
        .getByRole('dialog')
        .getByRole('button', { name: /Next|Done/ })
        .click();
    }
  });
