import type { StoredFile } from '@labwright/contract-hub/files';
import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { exitCode } from '../command-line/exit-codes.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { downloadFile } from '../files/download.ts';
import { fileColumns, fileText } from '../files/show.ts';
import { contentTypes } from '../files/types.ts';
import { type About, uploadFile } from '../files/upload.ts';
import { openLab } from '../lab/open-lab.ts';
import { plain } from '../output/width.ts';
import { json } from '../output/words.ts';
import { bytes } from '../progress.ts';
import { given } from './given.ts';
import { listOptions, oneOf, printList } from './list.ts';

const file = { name: 'FILE', doc: 'the id of a file of the laboratory', completes: 'stored-file' } as const;
const workflow = { type: 'string', value: 'WORKFLOW', completes: 'workflow' } as const;
const plate = { type: 'string', value: 'PLATE', completes: 'plate' } as const;
const at = (id: string) => `/files/${encodeURIComponent(id)}`;

const list = command({
  name: 'files',
  summary: 'the files of the laboratory, newest first',
  options: {
    mine: { type: 'boolean', doc: 'those that you sent' },
    workflow: { ...workflow, doc: 'those of this workflow' },
    plate: { ...plate, doc: 'those of this plate' },
    ...listOptions,
    ...generalOptions,
  },
  examples: [
    { line: 'files', says: 'the newest' },
    { line: 'files --workflow 4711 --all --json', says: 'all of one workflow, for a program' },
  ],
  run: async ({ values, terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const { mine, workflow: workflow_id, plate: plate_id } = values;
    if ([mine, workflow_id, plate_id].filter(Boolean).length > 1)
      throw new UsageError('Files are listed by one of --mine, --workflow and --plate.');
    const owner_id = mine ? (await hub.get<{ owner_id: string }>('/files/usage')).owner_id : undefined;
    const query = { owner_id, workflow_id, plate_id };
    const shown = { columns: fileColumns(terminal), none: 'No file is like that.' };
    await printList<StoredFile>(
      { service: hub, path: '/files', key: 'files', query, ...shown },
      values,
      terminal,
    );
    return 0;
  },
});

const show = command({
  name: 'files show',
  summary: 'one file: its checksum, what was read in it, and every line that could not be',
  arguments: [file],
  options: generalOptions,
  examples: [{ line: 'files show FILE', says: 'all of it' }],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const one = await hub.get<StoredFile>(at(id));
    terminal.say(values.json ? json(one) : fileText(one, terminal));
    return 0;
  },
});

const results = ['auto', 'required', 'none'] as const;

const upload = command({
  name: 'files upload',
  summary: 'send files to the laboratory, and wait until their bytes are checked',
  notes: [
    'Their SHA-256 is announced before: what arrives is just that, or nothing is kept. Above 10 MiB a file goes in pieces, and goes on where it was when the connection breaks.',
    'Prints the ids alone where it is piped: id=$(labwright files upload FILE).',
  ],
  arguments: [{ name: 'FILE', doc: 'a file on this machine', many: true, completes: 'file' }],
  options: {
    workflow: { ...workflow, doc: 'the workflow that it belongs to' },
    plate: { ...plate, doc: 'the plate whose wells it speaks of, where it names none itself' },
    device: { type: 'string', value: 'DEVICE', doc: 'the instrument that wrote it', completes: 'device' },
    name: { type: 'string', value: 'NAME', doc: 'what it is called there, if not as here' },
    type: {
      type: 'string',
      value: 'TYPE',
      doc: 'what it is, if its name does not tell: text/csv, …',
      completes: contentTypes,
    },
    results: {
      type: 'string',
      value: 'HOW',
      doc: 'auto: read results where its form is known (the default); required: failed where it is not; none: only keep it',
      completes: results,
    },
    'keep-days': { type: 'string', value: 'DAYS', doc: 'deleted after so many days' },
    ...generalOptions,
  },
  examples: [
    { line: 'files upload absorbance.csv --workflow 4711 --plate P-1', says: 'results of a plate reader' },
    { line: 'files upload *.tiff --device imager-1 --results none', says: 'photographs' },
  ],
  run: async ({ values, words, terminal }) => {
    const { hub } = openLab(values, terminal.env);
    if (values.name !== undefined && words.length > 1)
      throw new UsageError('--name is for one file, and there are more.');
    const days = values['keep-days'];
    const about: About = given({
      name: values.name,
      content_type: values.type,
      workflow_id: values.workflow,
      plate_id: values.plate,
      device_id: values.device,
      results: oneOf('--results', values.results, results),
      keep_days:
        days === undefined ? undefined : wholeNumber('--keep-days', days, { minimum: 1, maximum: 36_500 }),
    });
    const sent: StoredFile[] = [];
    try {
      for (const path of words) {
        const one = await uploadFile(hub, path, about, terminal);
        sent.push(one);
        if (!values.json) terminal.say(terminal.stdout.isTTY ? sentence(one) : `${one.id}\n`);
      }
    } finally {
      // Those before the one that failed are there.
      if (values.json) terminal.say(json(sent));
    }
    if (!values.json && sent.some(({ results_status: status }) => status === 'pending'))
      terminal.tell('Results are being read: labwright files show FILE tells how many.\n');
    return sent.every(({ status }) => status === 'ready') ? exitCode.ok : exitCode.failed;
  },
});

const sentence = ({ id, name, size, sha256, status }: StoredFile): string =>
  plain(`${name} is ${status} as ${id}: ${bytes(size)}, SHA-256 ${sha256}.`).concat('\n');

const download = command({
  name: 'files download',
  summary: 'fetch a file, and check it by its SHA-256',
  notes: ['Under its name there is only what came whole and right. A file that is there is not replaced.'],
  arguments: [file],
  options: {
    output: {
      type: 'string',
      short: 'o',
      value: 'PATH',
      doc: 'a file or a folder; - is standard output (its own name, in this folder)',
      completes: 'file',
    },
    force: { type: 'boolean', doc: 'replace a file that is there' },
    ...generalOptions,
  },
  examples: [
    { line: 'files download FILE', says: 'into this folder, by its own name' },
    { line: 'files download FILE -o - | head', says: 'into another program' },
  ],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const one = await hub.get<StoredFile>(at(id));
    const wanted = { output: values.output, force: values.force === true };
    if (values.json && wanted.output === '-')
      throw new UsageError('--json and -o - both want standard output.');
    const path = await downloadFile(hub, one, wanted, terminal);
    if (values.json) terminal.say(json({ ...one, path }));
    else if (path !== undefined)
      terminal.say(plain(`${path}: ${bytes(one.size)}, SHA-256 ${one.sha256}.`).concat('\n'));
    return 0;
  },
});

const remove = command({
  name: 'files delete',
  summary: 'delete a file, or withdraw an upload; what was read in it stays',
  arguments: [file],
  options: generalOptions,
  examples: [{ line: 'files delete FILE', says: 'its bytes are gone' }],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const gone = await hub.send<StoredFile>('DELETE', at(id));
    terminal.say(values.json ? json(gone) : `${plain(gone.name)} is ${gone.status}.\n`);
    return 0;
  },
});

export const fileCommands: Command[] = [list, show, upload, download, remove];
