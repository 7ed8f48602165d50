/** A code is read by the camera of a phone, in a browser that has no reader of codes of its own. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, openPage } from '../../testing/browser.ts';
import { cameraShows, filmOf } from '../../testing/camera.ts';
import { launchChromium } from '../../testing/chromium.ts';
import { type BrowserLab, startLab } from '../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab();
});
after(() => lab?.close());

browserTest('the camera reads a label, and its sample is opened', async () => {
  const film = join(lab.home, 'label.y4m');
  await filmOf('SAMPLE013', film);
  const browser = await launchChromium(cameraShows(film));
  try {
    const { page, faults } = await openPage(browser, `${lab.url}/ui/samples`, { size: 'phone' });
    assert.equal(await page.evaluate(() => 'BarcodeDetector' in window), false);
    const loaded: string[] = [];
    page.on('request', (request) => void loaded.push(request.url()));
    await page.getByRole('button', { name: 'Barcode, with the camera' }).click();
    await page.getByRole('heading', { name: 'SAMPLE013', level: 1 }).waitFor();
    const program = loaded.filter((url) => url.endsWith('.wasm') || url.includes('.wasm?'));
    assert.equal(program.length, 1);
    assert.ok(program[0]?.startsWith(lab.url), 'nothing is fetched from elsewhere');
    assert.deepEqual(faults, []);
  } finally {
    await browser.close();
  }
});

browserTest('without a code, or without a camera, one is told what to do, and can go back', async () => {
  const browser = await launchChromium([]);
  try {
    const { page } = await openPage(browser, `${lab.url}/ui/samples`, { size: 'phone', scheme: 'dark' });
    await page.getByRole('button', { name: 'Barcode, with the camera' }).click();
    await page.getByText('The camera cannot be used.').waitFor();
    await assertAccessible(page, 'the camera that cannot be used');
    await page.getByRole('button', { name: 'Close' }).click();
    await page.getByRole('textbox', { name: 'Barcode' }).waitFor();
  } finally {
    await browser.close();
  }
});
