import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Execution } from '@labwright/contract-devices';
import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { openLab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';
import type { Service } from '../lab/service.ts';
import { logColumns } from '../logs/columns.ts';
import { followLogs } from '../logs/follow.ts';
import { tableText } from '../output/table.ts';
import { json } from '../output/words.ts';

const statuses = ['running', 'succeeded', 'failed', 'unknown'] as const;
const mediaTypes = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const;

export const logsCommand = command({
  name: 'logs',
  summary: 'what the devices did, when, for whom, with what result',
  notes: [
    'The newest 20, oldest of them first. With --format everything that matches, newest first, as a stream of any length: CSV or one JSON object a line.',
    'Times are dates (the whole day, UTC) or ISO 8601 times.',
  ],
  arguments: [
    { name: 'DEVICE', doc: 'of this device; without it of all', optional: true, completes: 'device' },
  ],
  options: {
    follow: { type: 'boolean', short: 'f', doc: 'go on with what happens from now, until Ctrl-C' },
    workflow: { type: 'string', value: 'WORKFLOW', doc: 'of this workflow', completes: 'workflow' },
    operation: { type: 'string', value: 'OPERATION', doc: 'of this operation' },
    status: { type: 'string', value: 'STATUS', doc: `one of ${statuses.join(', ')}`, completes: statuses },
    start: { type: 'string', value: 'TIME', doc: 'from this day or time on' },
    end: { type: 'string', value: 'TIME', doc: 'up to this day or time' },
    limit: { type: 'string', short: 'n', value: 'N', doc: 'at most so many (20; with --format all)' },
    format: { type: 'string', value: 'FORM', doc: 'csv or ndjson: an export', completes: ['csv', 'ndjson'] },
    output: {
      type: 'string',
      short: 'o',
      value: 'FILE',
      doc: 'the export goes into this file',
      completes: 'file',
    },
    ...generalOptions,
  },
  examples: [
    { line: 'logs -f', says: 'look on' },
    { line: 'logs plate-reader-1 --status failed --start 2026-03-01', says: 'what went wrong on one device' },
    {
      line: 'logs --start 2026-01-01 --end 2026-03-31 --format csv -o logs.csv',
      says: 'a quarter of a year, any number of rows',
    },
  ],
  run: async ({ values, words: [device_id], terminal }) => {
    const { devices } = openLab(values, terminal.env);
    const { workflow: workflow_id, operation, status, start, end, format } = values;
    const query = { device_id, workflow_id, operation, status, start, end };
    const limit =
      values.limit === undefined
        ? undefined
        : wholeNumber('--limit', values.limit, { minimum: 0, maximum: 1e9 });
    if (format !== undefined || values.output !== undefined) {
      if (values.follow)
        throw new UsageError('--follow has no end, and --format is for what is there: one of them.');
      const mediaType = mediaTypes[(format ?? 'csv') as keyof typeof mediaTypes];
      if (!mediaType) throw new UsageError(`--format is csv or ndjson, not "${format}".`);
      await exportLogs(devices, { query: { ...query, limit }, mediaType, output: values.output }, terminal);
      return 0;
    }
    if (values.follow && end !== undefined) throw new UsageError('--follow has no --end.');
    const list = pages<Execution>(devices, '/execution-logs', 'execution_logs', {
      query,
      atMost: limit ?? 20,
    });
    const found = (await gather(list)).toReversed();
    if (values.follow)
      return followLogs(devices, { filters: query, found, asJson: values.json === true }, terminal);
    // Of a device that there is not, nothing is known: that is another answer than that nothing happened.
    if (found.length === 0 && device_id !== undefined)
      await devices.get(`/devices/${encodeURIComponent(device_id)}`);
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell('Nothing is like that.\n');
    else terminal.say(tableText(logColumns(terminal), found, terminal));
    return 0;
  },
});

interface Export {
  query: Record<string, string | number | undefined>;
  mediaType: string;
  output: string | undefined;
}

/** As fast as it can be written, and no faster: memory does not grow with the logs. */
async function exportLogs(
  devices: Service,
  { query, mediaType, output }: Export,
  terminal: Terminal,
): Promise<void> {
  const response = await devices.stream('/execution-logs', { query, headers: { accept: mediaType } });
  if (!response.body) return;
  const body = Readable.fromWeb(response.body);
  if (output !== undefined && output !== '-') {
    const rows = await written(body, output, terminal);
    terminal.tell(`${rows.toLocaleString('en')} lines in ${output}.\n`);
    return;
  }
  for await (const chunk of body) if (!terminal.stdout.write(chunk)) await once(terminal.stdout, 'drain');
}

async function written(body: Readable, output: string, terminal: Terminal): Promise<number> {
  let lines = 0;
  let told = performance.now();
  body.on('data', (chunk: Buffer) => {
    for (let at = chunk.indexOf(10); at !== -1; at = chunk.indexOf(10, at + 1)) lines += 1;
    if (!terminal.stderr.isTTY || performance.now() - told < 200) return;
    told = performance.now();
    terminal.tell(`\r${lines.toLocaleString('en')} lines\x1b[K`);
  });
  await pipeline(body, createWriteStream(output));
  if (terminal.stderr.isTTY) terminal.tell('\r\x1b[K');
  return lines;
}
