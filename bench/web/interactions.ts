import type { Page } from 'playwright-core';

/** What the browser tells of one event that somebody caused. */
interface Timing {
  /** The same for all events of one click or key. */
  readonly interaction: number;
  /** Milliseconds from the input to the next picture, in steps of 8. */
  readonly ms: number;
}

/** What is shorter is not told of: it counts as this. */
const shortestToldMs = 16;
/** Milliseconds between two inputs: somebody who is quick. */
const betweenMs = 120;

/** In the page, where this program knows no names. */
const watch = `
  globalThis.benchTimings = [];
  new PerformanceObserver((list) => {
    for (const { interactionId, duration } of list.getEntries())
      if (interactionId > 0) benchTimings.push({ interaction: interactionId, ms: duration });
  }).observe({ type: 'event', durationThreshold: ${shortestToldMs} });
`;

/** Has the page keep what the Event Timing API tells. Before it is opened. */
export async function watchInteractions(page: Page): Promise<void> {
  await page.addInitScript({ content: watch });
}

/**
 * Somebody who works with the page of the laboratory: looks for a device, filters, opens what can be done with one and goes through it by
 * keyboard, looks for a page, and goes to others and back. Answers milliseconds from each click and key to the next picture.
 */
export async function workWith(page: Page): Promise<number[]> {
  await page.evaluate('benchTimings.length = 0');
  let done = 0;
  const pause = () => page.waitForTimeout(betweenMs);
  const press = async (key: string) => {
    await page.keyboard.press(key);
    done += 1;
    await pause();
  };
  const click = async (role: 'button' | 'link' | 'textbox', name: string | RegExp) => {
    const box = await page.getByRole(role, { name }).first().boundingBox();
    if (!box) throw new Error(`The page shows no ${role} ${name}`);
    await page.mouse.click(box.x + box.width / 2, box.y + box.height / 2);
    done += 1;
    await pause();
  };
  const find = page.getByRole('textbox', { name: 'Find a device' });

  await click('textbox', 'Find a device');
  for (const letter of 'handler 12') await press(letter === ' ' ? 'Space' : letter);
  for (let letter = 0; letter < 10; letter += 1) await press('Backspace');
  if ((await find.inputValue()) !== '') throw new Error('The filter was not typed into');
  await click('button', /^busy/);
  await click('button', /^All/);
  await click('button', /^Actions for/);
  for (let step = 0; step < 3; step += 1) await press('ArrowDown');
  await press('Escape');
  for (let step = 0; step < 6; step += 1) await press('Tab');
  for (const name of ['Queue', 'Timeline', 'Workflows', 'Lab']) await click('link', name);
  await page.getByRole('heading', { name: 'Lab', level: 1 }).waitFor();

  // Entries come after the picture that ends them.
  await page.waitForTimeout(300);
  const timings = await page.evaluate<Timing[]>('benchTimings');
  const longest = new Map<number, number>();
  for (const { interaction, ms } of timings)
    longest.set(interaction, Math.max(ms, longest.get(interaction) ?? 0));
  const told = [...longest.values()];
  return [...told, ...Array.from({ length: Math.max(0, done - told.length) }, () => shortestToldMs)];
}
