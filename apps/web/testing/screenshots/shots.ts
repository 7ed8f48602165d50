import type { Page } from 'playwright-core';
import type { sizes } from '../sizes.ts';
import type { Scene } from './laboratory.ts';

export interface Shot {
  /** Default: desktop. */
  readonly size?: keyof typeof sizes;
  /** Default: light. */
  readonly scheme?: 'light' | 'dark';
  /** Of the file, without its ending. */
  readonly name: string;
  /** Behind `/ui`. */
  readonly path: (scene: Scene) => string;
  /** Resolves when everything is there; does what somebody would do before they look. */
  readonly ready: (page: Page) => Promise<unknown>;
}

const heading = (name: string) => (page: Page) => page.getByRole('heading', { name, level: 1 }).waitFor();

/** Each main page, as it is shown in README.md and docs/. */
export const shots: readonly Shot[] = [
  { name: 'lab', path: () => '/', ready: (page) => page.getByText('Serial dilution, batch 7').waitFor() },
  {
    name: 'lab-dark',
    scheme: 'dark',
    path: () => '/',
    ready: (page) => page.getByText('Serial dilution, batch 7').waitFor(),
  },
  {
    name: 'lab-phone',
    size: 'phone',
    path: () => '/',
    ready: (page) => page.getByText('PCR amplification').waitFor(),
  },
  {
    name: 'timeline',
    path: () => '/timeline',
    ready: async (page) => {
      await heading('Timeline')(page);
      await page.locator('main canvas, main svg').first().waitFor();
    },
  },
  {
    name: 'workflow',
    path: ({ running }) => `/workflows/${running}`,
    ready: heading('Serial dilution, batch 7'),
  },
  { name: 'new-workflow', path: () => '/workflows/new', ready: fillWorkflow },
  { name: 'queue', path: () => '/queue/liquid-handler-1', ready: heading('Queue of Liquid handler 1') },
  { name: 'plate', path: () => '/plates/PLATE-01', ready: heading('Plate 1') },
  {
    name: 'plate-dark',
    scheme: 'dark',
    path: () => '/plates/PLATE-01?well=C5',
    ready: (page) => page.getByRole('heading', { name: 'Well C5' }).waitFor(),
  },
  { name: 'task-phone', size: 'phone', path: ({ task }) => `/tasks/${task}`, ready: heading('Seal plate 3') },
  { name: 'jobs', path: () => '/jobs', ready: heading('Jobs') },
  { name: 'audit', path: () => '/audit', ready: heading('Audit') },
];

async function fillWorkflow(page: Page): Promise<void> {
  await heading('New workflow')(page);
  await page.getByRole('textbox', { name: 'Name' }).fill('Dilution of batch 8');
  await page.getByLabel('Device').selectOption('liquid-handler-2');
  const add = page.getByRole('group', { name: 'Add a step' });
  for (const step of ['aspirate', 'pipette transfer', 'mix'])
    await add.getByRole('button', { name: step }).click();
}
