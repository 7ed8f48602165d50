import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import AxeBuilder from '@axe-core/playwright';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { chromiumPath, launchChromium } from './chromium.ts';
import { sizes } from './sizes.ts';

/** How pages are looked at: each colour and each width once. A look at one page costs seconds, and colour and width do not act on each other. */
export const looks = [
  { scheme: 'light', size: 'desktop' },
  { scheme: 'dark', size: 'phone' },
] as const;

/**
 * A test in a real browser. Without Chromium it is skipped by name; where nothing may be left out (`CI=true`) it fails instead.
 */
export function browserTest(name: string, run: (browser: Browser) => Promise<void>): void {
  const missing = chromiumPath === undefined;
  const skip =
    missing && process.env.CI !== 'true' ? 'there is no Chromium here (CHROMIUM names another place)' : false;
  test(name, { skip }, async () => {
    assert.ok(chromiumPath, 'Chromium is missing: install it, or name it in CHROMIUM');
    const browser = await launch();
    try {
      await run(browser);
    } finally {
      await Promise.all(browser.contexts().map((context) => context.close()));
    }
  });
}

let running: Promise<Browser> | undefined;
after(async () => (await running)?.close());

/** One browser for all tests of a file, for its start takes longer than most of them; what a test opens ends with it. */
async function launch(): Promise<Browser> {
  if (!(await running?.catch(() => undefined))?.isConnected()) running = launchChromium();
  return await (running as Promise<Browser>);
}

export interface OpenOptions {
  size?: keyof typeof sizes;
  scheme?: 'light' | 'dark';
  /** Nothing is remembered of this browser: the tour is offered. */
  firstVisit?: boolean;
  /** Signed-in contexts are reused: cookies live in them. */
  context?: BrowserContext;
}

/** A window at a path below `/ui`, with generous patience: a full machine is slow. Whatever its console calls an error fails the test at `close`. */
export async function openPage(
  browser: Browser,
  url: string,
  { size = 'desktop', scheme = 'light', context, firstVisit = false }: OpenOptions = {},
): Promise<{ page: Page; faults: string[] }> {
  const at =
    context ??
    (await browser.newContext({ viewport: sizes[size], colorScheme: scheme, reducedMotion: 'reduce' }));
  const page = await at.newPage();
  page.setDefaultTimeout(90_000);
  if (!firstVisit) await page.addInitScript(() => localStorage.setItem('labwright.tour', 'answered'));
  const faults: string[] = [];
  page.on('pageerror', (error) => faults.push(`${error}`));
  page.on('console', (message) => {
    // A refused request is shown by the page itself; only what breaks the page counts.
    if (message.type() === 'error' && !/Failed to load resource|WebSocket connection/.test(message.text()))
      faults.push(message.text());
  });
  await page.goto(url);
  return { page, faults };
}

/**
 * WCAG 2.2 AA, as far as a machine can tell: every finding with the elements that it is about.
 * "Legacy" is all within the page: the other way starts another page for each check, to unite what it found in frames of other
 * sites, and costs two and a half times as much. Our pages have no frames.
 */
export async function assertAccessible(page: Page, what: string): Promise<void> {
  assert.equal(page.frames().length, 1, `${what} has a frame, which is not looked into`);
  const { violations } = await new AxeBuilder({ page })
    .options({ resultTypes: ['violations'] })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .setLegacyMode()
    .analyze();
  const told = violations.map(
    ({ id, help, nodes }) =>
      `${id}: ${help}\n${nodes
        .slice(0, 5)
        .map(
          ({ html, failureSummary }) => `    ${html}\n      ${failureSummary?.replaceAll('\n', '\n      ')}`,
        )
        .join('\n')}`,
  );
  assert.deepEqual(told, [], `${what} is not accessible:\n${told.join('\n')}`);
}
