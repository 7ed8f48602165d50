import type { Plate, PlateWithSamples } from '@labwright/contract-workflows';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { openLab } from '../lab/open-lab.ts';
import type { Column } from '../output/table.ts';
import { plain } from '../output/width.ts';
import { ago, json } from '../output/words.ts';
import { gridContents, plateGrid } from '../plates/grid.ts';
import { listOptions, oneOf, printList } from './list.ts';

const list = command({
  name: 'plates',
  summary: 'the plates, in the order of their ids',
  options: { ...listOptions, ...generalOptions },
  examples: [{ line: 'plates --all', says: 'all of them' }],
  run: async ({ values, terminal }) => {
    const { workflows } = openLab(values, terminal.env);
    const list = { service: workflows, path: '/plates', key: 'plates', none: 'There is no plate.' };
    await printList<Plate>({ ...list, columns: columns() }, values, terminal);
    return 0;
  },
});

function columns(): Column<Plate>[] {
  const now = Date.now();
  return [
    { head: 'plate', cell: ({ id }) => id },
    { head: 'wells', cell: ({ rows, columns: across }) => `${rows} × ${across}`, right: true },
    { head: 'made', cell: ({ created_at }) => ago(created_at, now) },
    { head: 'name', cell: ({ name }) => name, shrinks: true },
  ];
}

const show = command({
  name: 'plates show',
  summary: 'a plate as it lies there: what is in which well',
  notes: ['Where a barcode is wider than its well, its end is shown: that is where barcodes differ.'],
  arguments: [{ name: 'PLATE', doc: 'the id of a plate', completes: 'plate' }],
  options: {
    wells: {
      type: 'string',
      value: 'WHAT',
      doc: 'what stands in the wells: type (the default), barcode or volume',
      completes: gridContents,
    },
    ...generalOptions,
  },
  examples: [
    { line: 'plates show PLATE-01', says: 'a sign for each type of sample' },
    { line: 'plates show PLATE-01 --wells volume', says: 'how much is left, in µL' },
  ],
  run: async ({ values, words: [id = ''], terminal }) => {
    const content = oneOf('--wells', values.wells, gridContents) ?? 'type';
    const { workflows } = openLab(values, terminal.env);
    const plate = await workflows.get<PlateWithSamples>(`/plates/${encodeURIComponent(id)}`);
    if (values.json) terminal.say(json(plate));
    else {
      const title = plate.name === plate.id ? plate.id : `${plate.id}: ${plate.name}`;
      terminal.say(`${plain(title)}, ${plate.rows} × ${plate.columns}\n\n`);
      terminal.say(plateGrid(plate, content, terminal));
    }
    return 0;
  },
});

export const plateCommands: Command[] = [list, show];
