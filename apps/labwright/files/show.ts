import type { ResultFault, StoredFile } from '@labwright/contract-hub/files';
import type { Terminal } from '../command-line/terminal.ts';
import { type Column, factsText, tableText } from '../output/table.ts';
import { ago, clockTime, count, statusStyle } from '../output/words.ts';
import { bytes } from '../progress.ts';

export function fileColumns(terminal: Pick<Terminal, 'style'>): Column<StoredFile>[] {
  const now = Date.now();
  return [
    { head: 'id', cell: ({ id }) => id },
    {
      head: 'status',
      cell: ({ status }) => status,
      style: (text, { status }) => statusStyle(terminal, status)(text),
    },
    { head: 'size', cell: ({ size }) => bytes(size), right: true },
    { head: 'results', cell: resultsOf, shrinks: true, spare: 3 },
    { head: 'sent', cell: ({ created_at }) => ago(created_at, now), spare: 2 },
    { head: 'by', cell: ({ owner_name }) => owner_name, shrinks: true, spare: 1 },
    { head: 'name', cell: ({ name }) => name, shrinks: true },
  ];
}

/** How many values were read in it, or why none. */
function resultsOf({ results_status: status, results_count, faults_count }: StoredFile): string | null {
  if (status === 'none') return null;
  if (status === 'done') return count(results_count ?? 0, 'value');
  return status === 'failed' && faults_count ? `failed, ${count(faults_count, 'fault')}` : status;
}

/** All of one file, with the lines that cannot be read. */
export function fileText(file: StoredFile, terminal: Terminal): string {
  const { faults, faults_count, status, status_reason, results_reason } = file;
  const results = resultsOf(file);
  const more = (faults_count ?? 0) - (faults?.length ?? 0);
  return [
    factsText([
      ['file', file.id],
      ['name', file.name],
      ['status', status_reason ? `${status}: ${status_reason}` : status],
      ['size', `${bytes(file.size)} (${file.size.toLocaleString('en')} bytes)`],
      ['SHA-256', file.sha256],
      ['type', file.content_type],
      ['results', results && results_reason ? `${results}: ${results_reason}` : results],
      ['read as', file.parser],
      ['workflow', file.workflow_id],
      ['plate', file.plate_id],
      ['device', file.device_id],
      ['sent by', `${file.owner_name}, ${clockTime(file.created_at)}`],
      ['deleted on', file.delete_at && clockTime(file.delete_at)],
    ]),
    ...(faults && faults.length > 0 ? ['\n', tableText(faultColumns, faults, terminal)] : []),
    ...(more > 0 ? [`… and ${count(more, 'line')} more.\n`] : []),
  ].join('');
}

const faultColumns: Column<ResultFault>[] = [
  { head: 'line', cell: ({ line }) => line, right: true },
  { head: 'column', cell: ({ column }) => column },
  { head: 'what is wrong', cell: ({ message }) => message, shrinks: true },
];
