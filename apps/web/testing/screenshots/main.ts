/**
 * `npm run docs:screenshots [NAME …]`: pictures of the pages, of a demo laboratory that this starts and ends, into docs/pictures. One that looks
 * like what is there already is left as it is, so that running it again changes nothing.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { chromiumPath, launchChromium } from '../chromium.ts';
import { startLab } from '../lab.ts';
import { sizes } from '../sizes.ts';
import { setScene } from './laboratory.ts';
import { decodePng, difference, encodePng } from './png.ts';
import { type Shot, shots } from './shots.ts';
import { steadyTimes } from './steady-times.ts';

const folder = resolve(import.meta.dirname, '../../../../docs/pictures');
/** A part of the points below which a picture counts as the same: a bar that is a little longer is no news. */
const sameBelow = 0.01;

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !shots.some((shot) => shot.name === name));
if (unknown.length > 0) {
  console.error(
    `There is no picture ${unknown.join(', ')}: there are ${shots.map(({ name }) => name).join(', ')}.`,
  );
  process.exit(2);
}
if (!chromiumPath) {
  console.error('Chromium is missing: install it, or name it in CHROMIUM.');
  process.exit(1);
}

await mkdir(folder, { recursive: true });
const lab = await startLab({}, { postgres: 'own' });
const browser = await launchChromium();
try {
  const scene = await setScene(lab);
  for (const shot of shots.filter(({ name }) => asked.length === 0 || asked.includes(name))) {
    const picture = await take(shot, scene);
    console.log(`${shot.name}.png  ${await keep(shot.name, picture)}`);
  }
} finally {
  await browser.close();
  await lab.close();
}

async function take(shot: Shot, scene: Parameters<Shot['path']>[0]): Promise<Buffer> {
  const { size = 'desktop', scheme = 'light' } = shot;
  const context = await browser.newContext({
    viewport: sizes[size],
    colorScheme: scheme,
    reducedMotion: 'reduce',
    locale: 'en-GB',
    timezoneId: 'UTC',
  });
  try {
    await steadyTimes(context);
    // Whoever was here before is offered no tour.
    await context.addInitScript(() => localStorage.setItem('labwright.tour', 'answered'));
    const page = await context.newPage();
    page.setDefaultTimeout(120_000);
    await page.goto(`${lab.url}/ui${shot.path(scene)}`);
    await page.getByLabel('Connection: Live').waitFor();
    await shot.ready(page);
    await page.waitForLoadState('networkidle');
    await page.evaluate('scrollTo(0, 0)');
    return await page.screenshot({ animations: 'disabled', caret: 'hide' });
  } finally {
    // What the page still asks for is asked for nobody.
    await context.unrouteAll({ behavior: 'ignoreErrors' });
    await context.close();
  }
}

/** Answers what became of it. */
async function keep(name: string, shot: Buffer): Promise<string> {
  const file = join(folder, `${name}.png`);
  const picture = decodePng(shot);
  const before = await readFile(file).catch(() => undefined);
  if (before && difference(decodePng(before), picture) < sameBelow) return 'as before';
  const small = encodePng(picture);
  await writeFile(file, small);
  return `${(small.length / 1_000).toFixed(0)} KB`;
}
