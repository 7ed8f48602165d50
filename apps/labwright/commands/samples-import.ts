import { randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { ImportAnswer } from '@labwright/contract-workflows';
import { UsageError } from '@labwright/kernel/command-line';
import { isProblem } from '@labwright/kernel/errors';
import type { Static } from 'typebox';
import { command } from '../command-line/define.ts';
import { exitCode } from '../command-line/exit-codes.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { openLab } from '../lab/open-lab.ts';
import { tableText } from '../output/table.ts';
import { count, json } from '../output/words.ts';
import { bytes, progressBar } from '../progress.ts';

type Answer = Static<typeof ImportAnswer>;
type Fault = Answer['faults'][number];

export const samplesImportCommand = command({
  name: 'samples import',
  summary: 'samples from a CSV file: all of them, or none and every bad row by its line',
  notes: [
    'UTF-8, at most 256 MiB; the first line names the columns, in any order: barcode,sample_type,plate_id,well,volume_ul; the last three may be left out.',
    'Ends with 1 where a row is bad, also where --partial took the others.',
  ],
  arguments: [{ name: 'FILE', doc: 'the file; - is standard input', completes: 'file' }],
  options: {
    partial: { type: 'boolean', doc: 'import the good rows of a file that has bad ones' },
    'create-plates': { type: 'boolean', doc: 'make plates that do not exist, 8 × 12' },
    ...generalOptions,
  },
  examples: [
    { line: 'samples import samples.csv --create-plates', says: 'with the plates on which they stand' },
    { line: 'samples import - < samples.csv', says: 'what another program writes' },
  ],
  run: async ({ values, words: [file = ''], terminal }) => {
    const { workflows } = openLab(values, terminal.env);
    const { body, size } = await openFile(file, terminal);
    const sent = barOf(size, terminal);
    try {
      const response = await workflows.stream('/samples/import', {
        method: 'POST',
        query: { partial: values.partial, create_plates: values['create-plates'] },
        headers: {
          'content-type': 'text/csv',
          'idempotency-key': randomUUID(),
          ...(size === undefined ? {} : { 'content-length': String(size) }),
        },
        body: Readable.toWeb(counted(body, sent.add)) as unknown as ReadableStream,
        duplex: 'half',
      });
      sent.end();
      return report((await response.json()) as Answer, values.json === true, terminal);
    } catch (error) {
      sent.end();
      if (!isProblem(error, 'import_rejected')) throw error;
      const { rejected } = error.extra as Pick<Answer, 'rejected'>;
      const faults = (error.faults ?? []) as unknown as Fault[];
      const answer = { message: error.message, imported: 0, rejected, faults };
      return report(answer, values.json === true, terminal);
    }
  },
});

async function openFile(file: string, { stdin }: Terminal): Promise<{ body: Readable; size?: number }> {
  if (file === '-') return { body: stdin };
  const found = await stat(file).catch(() => undefined);
  if (!found?.isFile()) throw new UsageError(`There is no file ${file}.`);
  return { body: createReadStream(file), size: found.size };
}

/** What is so small that nobody sees it go needs no bar. */
const smallBytes = 1_000_000;

function barOf(size: number | undefined, { stderr }: Terminal) {
  const bar =
    size !== undefined && size > smallBytes
      ? progressBar('sent', size, { out: stderr, figure: bytes })
      : undefined;
  let done = 0;
  let ended = bar === undefined;
  /** An upload that was refused half-way is not drawn as a whole one. */
  const end = () => {
    if (ended) return;
    ended = true;
    if (done === size) bar?.end();
    else if (stderr.isTTY) stderr.write('\n');
  };
  const add = (more: number) => {
    done += more;
    bar?.update(done);
    if (done !== size || ended) return;
    end();
    stderr.write('The rows are being checked …\n');
  };
  return { add, end };
}

/** The same bytes, each piece told when it is taken. */
function counted(body: Readable, add: (bytes: number) => void): Readable {
  return Readable.from(
    (async function* () {
      for await (const chunk of body) {
        yield chunk;
        add((chunk as Buffer).length);
      }
    })(),
    { objectMode: false },
  );
}

function report(answer: Answer, asJson: boolean, terminal: Terminal): number {
  const { message, imported, rejected, faults } = answer;
  if (asJson) terminal.say(json({ message, imported, rejected, faults }));
  else {
    if (faults.length > 0) terminal.say(`${faultTable(faults, terminal)}\n`);
    const more =
      rejected > 0 ? ` ${count(rejected, 'bad row')}${faults.length > 0 ? ', see above' : ''}.` : '';
    terminal.say(
      imported > 0 ? `${count(imported, 'sample')} imported.${more}\n` : `Nothing was imported.${more}\n`,
    );
    if (rejected > 0 && imported === 0)
      terminal.tell('Mend these rows, or take the others with --partial.\n');
  }
  return rejected > 0 ? exitCode.failed : exitCode.ok;
}

const faultTable = (faults: readonly Fault[], terminal: Terminal): string =>
  tableText<Fault>(
    [
      { head: 'line', cell: ({ line }) => line, right: true },
      { head: 'column', cell: ({ column }) => column },
      { head: 'what is wrong', cell: ({ message }) => message, shrinks: true },
    ],
    faults,
    terminal,
  );
