/** From an empty laboratory through the form to the end of the first workflow; faults stand at their fields, and a draft is kept. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import { assertAccessible, browserTest, openPage } from '../../../testing/browser.ts';
import { type BrowserLab, startLab } from '../../../testing/lab.ts';

let lab: BrowserLab;
before(async () => {
  lab = await startLab({ LABWRIGHT_DEMO: '0' });
});
after(() => lab?.close());

async function post(url: string, body: object) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.ok(response.ok, `${url}: ${response.status} ${await response.clone().text()}`);
}

browserTest('the first workflow, from an empty laboratory to its end', async (browser) => {
  const { page, faults } = await openPage(browser, `${lab.url}/ui/workflows`);
  await page.getByText('No workflows yet').waitFor();
  await post(`${lab.devices}/devices`, {
    id: 'handler',
    name: 'The handler',
    type: 'liquid_handler',
    settings: { speed: 600 },
  });
  for (const barcode of ['S-1', 'S-2', 'S-3', 'SAMPLE-01'])
    await post(`${lab.workflows}/samples`, { barcode, sample_type: 'blood' });
  await page.getByRole('link', { name: 'New workflow' }).first().click();
  await page.getByRole('heading', { name: 'New workflow', level: 1 }).waitFor();

  // Nothing is filled in: each field says so, and the first one is gone to.
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByText('3 places are still to be corrected.').waitFor();
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute('aria-invalid')), 'true');
  // From there on the remark leads to what is left, a field or not.
  await page.getByLabel('Name').fill('First');
  await page.getByRole('button', { name: '2 places are still to be corrected.' }).click();
  assert.equal(await page.getByLabel('Device').evaluate((field) => field === document.activeElement), true);
  await page.getByLabel('Name').fill('First of all');
  await page.getByLabel('Device').selectOption('handler');
  await page.getByRole('button', { name: 'One place is still to be corrected.' }).click();
  assert.match((await page.locator(':focus').textContent()) ?? '', /there must be one at least/);
  const add = page.getByRole('group', { name: 'Add a step' });
  await add.getByRole('button', { name: 'mix' }).click();
  await add.getByRole('button', { name: 'wash' }).click();
  await add.getByRole('button', { name: 'pipette transfer' }).click();
  const steps = page.getByRole('list', { name: 'Steps of the new workflow' }).getByRole('listitem');

  // A limit is told at once; what only the service knows is told at its field, too.
  await steps.nth(2).getByLabel('volume').fill('5000');
  await steps.nth(2).getByText('must be at most 1000 µL').waitFor();
  await steps.nth(2).getByLabel('volume').fill('20');

  // By key, and by drag: wash, mix, pipette becomes pipette, wash, mix.
  await page.getByRole('button', { name: 'Move step 1 down' }).press('Enter');
  await steps.nth(0).getByText('1. wash').waitFor();
  await steps.nth(2).locator('[draggable]').dragTo(steps.nth(0));
  await steps.nth(0).getByText('1. pipette transfer').waitFor();
  await page.getByRole('button', { name: 'Remove step 2' }).click();

  // Without samples it can be started, but that is said.
  const remark = page.getByText('No samples are picked');
  await remark.waitFor();

  // The first samples are offered on focus, and picked by keyboard.
  const scan = page.getByRole('combobox', { name: 'Scan, type or choose a barcode' });
  const offered = page.getByRole('listbox', { name: 'Samples of the laboratory' });
  await scan.focus();
  await offered.getByRole('option', { name: 'S-1 blood' }).waitFor();
  assert.equal(await offered.getByRole('option').count(), 4);
  await assertAccessible(page, 'the samples that are offered');
  await scan.press('ArrowDown');
  const named = await scan.getAttribute('aria-activedescendant');
  assert.match((await page.locator(`[id="${named}"]`).textContent()) ?? '', /^S-1/);
  await scan.press('Enter');
  await page.getByText('One sample', { exact: true }).waitFor();
  assert.equal(await remark.count(), 0);

  // A scanner types a barcode and Enter; what is refused stays through the next scans.
  for (const barcode of ['S-9', 'S-1', 'sample-01', 'S-8']) {
    await scan.fill(barcode);
    await scan.press('Enter');
  }
  const refused = page.getByRole('list', { name: 'Barcodes that were not added' }).getByRole('listitem');
  await page.getByText('4 barcodes were not added').waitFor();
  await refused.filter({ hasText: 'S-9: there is no such sample. Import it first.' }).waitFor();
  await refused.filter({ hasText: 'S-1: it is in the list already.' }).waitFor();
  await refused.filter({ hasText: 'There is SAMPLE-01: use it?' }).waitFor();
  await assertAccessible(page, 'barcodes that were not added');
  await page.reload();
  await page.getByRole('button', { name: 'Use SAMPLE-01' }).click();
  await page.getByText('2 samples', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Dismiss S-8' }).click();
  await page.getByText('2 barcodes were not added').waitFor();
  await page.getByRole('button', { name: 'Dismiss all' }).click();
  assert.equal(await refused.count(), 0);
  await page.getByRole('button', { name: 'Remove SAMPLE-01' }).click();

  // By a part of it, in any case.
  await scan.fill('s-');
  await offered.getByRole('option', { name: 'S-2 blood' }).click();
  await page.getByText('2 samples', { exact: true }).waitFor();
  const chooser = page.waitForEvent('filechooser');
  await page.getByRole('button', { name: 'From a file' }).click();
  await (await chooser).setFiles({
    name: 'samples.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('plate,barcode\nP,S-3\nP,S-1\n'),
  });
  await page.getByText('3 samples', { exact: true }).waitFor();
  await assertAccessible(page, 'the form, filled in');

  // Left and come back to: all of it is there.
  await page.reload();
  await page.getByText('3 samples', { exact: true }).waitFor();
  assert.equal(await page.getByLabel('Name').inputValue(), 'First of all');

  await page.getByRole('button', { name: 'Create and start' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByLabel('Run the steps automatically').check();
  await dialog.getByRole('button', { name: 'Start' }).click();
  await page.getByText('completed', { exact: true }).waitFor();
  await page.getByRole('heading', { name: 'First of all', level: 1 }).waitFor();
  await page.getByRole('tab', { name: 'Log' }).click();
  await page.getByText('2 in all').waitFor();
  // What was typed is used up.
  await page.goto(`${lab.url}/ui/workflows/new`);
  await page.getByText('Choose a device first').waitFor();
  assert.deepEqual(faults, []);
});

browserTest(
  'a step for a person, on a phone in the dark; what the service refuses stands at its field',
  async (browser) => {
    await post(`${lab.devices}/devices`, { id: 'small', name: 'The small one', type: 'centrifuge' });
    const { page, faults } = await openPage(browser, `${lab.url}/ui/workflows/new`, {
      size: 'phone',
      scheme: 'dark',
    });
    await page.getByLabel('Name').fill('With a hand');
    await page.getByLabel('Device').selectOption('small');
    await page.getByRole('button', { name: 'spin' }).click();
    await page.getByRole('button', { name: 'work for a person' }).click();
    await page.getByRole('button', { name: 'Ask a question' }).click();
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByText('2 places are still to be corrected.').waitFor();
    await assertAccessible(page, 'the form with its faults');
    await page.getByLabel('What needs doing').fill('Weigh the rotor');
    await page.getByRole('textbox', { name: 'Question', exact: true }).fill('Weight');
    await page.getByLabel('Answer').selectOption('number');
    await page.getByLabel('Unit').fill('g');
    // The device is taken away meanwhile: only the service knows.
    const gone = await fetch(`${lab.devices}/devices/small`, { method: 'DELETE' });
    assert.equal(gone.status, 200);
    await page.getByRole('button', { name: 'Create', exact: true }).click();
    await page.getByRole('alert').getByText('there is no device small').first().waitFor();
    await page.getByText('there is no device small').first().waitFor();
    assert.equal(await page.getByLabel('Device').getAttribute('aria-invalid'), 'true');
    assert.deepEqual(faults, []);
  },
);
