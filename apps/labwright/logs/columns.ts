import type { Execution } from '@labwright/contract-devices';
import type { Terminal } from '../command-line/terminal.ts';
import type { Column } from '../output/table.ts';
import { briefly, clockTime, statusStyle, took } from '../output/words.ts';

export const logColumns = (terminal: Pick<Terminal, 'style'>): Column<Execution>[] => [
  { head: 'started', cell: ({ started_at }) => clockTime(started_at) },
  { head: 'device', cell: ({ device_id }) => device_id },
  { head: 'operation', cell: ({ operation }) => operation },
  {
    head: 'status',
    cell: ({ status }) => status,
    style: (text, { status }) => statusStyle(terminal, status)(text),
  },
  { head: 'took', cell: ({ duration_ms: ms }) => (ms === null ? null : took(ms)), right: true },
  { head: 'workflow', cell: ({ workflow_id }) => workflow_id, shrinks: 'first' },
  { head: 'what came of it', cell: outcome, shrinks: true },
];

const outcome = ({ error, result }: Execution): string =>
  error ? `${error.message} (${error.code})` : result ? briefly(result) : '';
