import type { Sample, SampleUse } from '@labwright/contract-workflows';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { openLab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';
import { type Column, factsText, tableText } from '../output/table.ts';
import { ago, clockTime, json, statusStyle } from '../output/words.ts';
import { listOptions, printList } from './list.ts';

/** Of the workflows that use a sample, the newest. */
const shownUses = 20;

const list = command({
  name: 'samples',
  summary: 'the samples, and where they stand; searched by barcode',
  notes: ['Oldest first; with --barcode in the order of barcodes.'],
  options: {
    barcode: {
      type: 'string',
      value: 'BEGINNING',
      doc: 'those whose barcode begins so',
      completes: 'sample',
    },
    type: { type: 'string', value: 'TYPE', doc: 'of this type: blood, saliva, …' },
    plate: { type: 'string', value: 'PLATE', doc: 'on this plate', completes: 'plate' },
    ...listOptions,
    ...generalOptions,
  },
  examples: [
    { line: 'samples --barcode SAMPLE00', says: 'whose label begins so' },
    { line: 'samples --plate PLATE-01 --all --json', says: 'a whole plate, for a program' },
  ],
  run: async ({ values, terminal }) => {
    const { workflows } = openLab(values, terminal.env);
    const query = { barcode_prefix: values.barcode, sample_type: values.type, plate_id: values.plate };
    const list = { service: workflows, path: '/samples', key: 'samples', query };
    await printList<Sample>(
      { ...list, columns: columns(), none: 'No sample is like that.' },
      values,
      terminal,
    );
    return 0;
  },
});

function columns(): Column<Sample>[] {
  const now = Date.now();
  return [
    { head: 'barcode', cell: ({ barcode }) => barcode },
    { head: 'type', cell: ({ sample_type }) => sample_type, shrinks: true },
    { head: 'plate', cell: ({ plate_id }) => plate_id },
    { head: 'well', cell: ({ well }) => well },
    { head: 'µL', cell: ({ volume_ul }) => volume_ul, right: true },
    { head: 'added', cell: ({ created_at }) => ago(created_at, now) },
  ];
}

const show = command({
  name: 'samples show',
  summary: 'one sample: where it stands, what is known of it, and the workflows that use it',
  arguments: [{ name: 'BARCODE', doc: 'the barcode of a sample', completes: 'sample' }],
  options: generalOptions,
  examples: [{ line: 'samples show SAMPLE001', says: 'all of it' }],
  run: async ({ values, words: [barcode = ''], terminal }) => {
    const { workflows } = openLab(values, terminal.env);
    const path = `/samples/${encodeURIComponent(barcode)}`;
    const sample = await workflows.get<Sample>(path);
    const uses = await gather(
      pages<SampleUse>(workflows, `${path}/workflows`, 'workflows', { atMost: shownUses }),
    );
    if (values.json) terminal.say(json({ ...sample, workflows: uses }));
    else {
      terminal.say(factsOf(sample));
      if (uses.length > 0) terminal.say(`\n${tableText(useColumns(terminal), uses, terminal)}`);
    }
    return 0;
  },
});

const factsOf = ({ barcode, sample_type, plate_id, well, volume_ul, created_at, metadata }: Sample): string =>
  factsText([
    ['barcode', barcode],
    ['type', sample_type],
    ['stands', plate_id === null ? 'on no plate' : `on plate ${plate_id}, well ${well}`],
    ['volume', volume_ul === null ? null : `${volume_ul} µL`],
    ['added', clockTime(created_at)],
    ...Object.entries(metadata).map(
      ([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value)] as const,
    ),
  ]);

function useColumns(terminal: Pick<Terminal, 'style'>): Column<SampleUse>[] {
  const now = Date.now();
  return [
    { head: 'workflow', cell: ({ id }) => id },
    {
      head: 'status',
      cell: ({ status }) => status,
      style: (text, { status }) => statusStyle(terminal, status)(text),
    },
    { head: 'device', cell: ({ device_id }) => device_id },
    { head: 'created', cell: ({ created_at }) => ago(created_at, now) },
    { head: 'name', cell: ({ name }) => name, shrinks: true },
  ];
}

export const sampleCommands: Command[] = [list, show];
