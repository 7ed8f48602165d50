import type { BrowserContext } from 'playwright-core';

/** What the clock shows in every picture. */
const shown = Date.UTC(2026, 2, 10, 9, 30);
const moment = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)/g;
/** A run is some seconds longer or shorter than the one before: times are told to the minute. */
const grainMs = 60_000;

/**
 * The same clock in each run: the browser stands still at one moment, and every time that the services tell, or are asked
 * for, is moved by as much.
 */
export async function steadyTimes(context: BrowserContext): Promise<void> {
  const shift = shown - Date.now();
  await context.clock.setFixedTime(shown);
  const told = (text: string) =>
    text.replace(moment, (at) => {
      const moved = Math.round((Date.parse(at) + shift) / grainMs) * grainMs;
      return new Date(moved).toISOString();
    });
  const asked = (url: string) => {
    const to = new URL(url);
    for (const [name, value] of to.searchParams)
      if (new RegExp(`^${moment.source}$`).test(value))
        to.searchParams.set(name, new Date(Date.parse(value) - shift).toISOString());
    return to.href;
  };
  await context.route(
    (url) => !url.pathname.startsWith('/ui'),
    async (route) => {
      const response = await route.fetch({ url: asked(route.request().url()) });
      const body = told(await response.text());
      await route.fulfill({ response, body });
    },
  );
}
