import type { ChatMessage, RoomRow } from '@labwright/contract-hub/chat';
import type { Terminal } from '../command-line/terminal.ts';
import { wrap } from '../command-line/wrap.ts';
import type { Column } from '../output/table.ts';
import { plain } from '../output/width.ts';
import { ago, clockTime } from '../output/words.ts';

export function roomColumns(): Column<RoomRow>[] {
  const now = Date.now();
  return [
    { head: 'room', cell: ({ room }) => room },
    { head: 'messages', cell: ({ last_seq }) => last_seq, right: true },
    { head: 'last change', cell: ({ updated_at }) => ago(updated_at, now) },
  ];
}

/** One message: when, who, and its text, whose further lines are set in. */
export function messageText(message: ChatMessage, { stdout, style }: Terminal): string {
  const { author_name, created_at, edited_at, deleted_at, text } = message;
  const mark = deleted_at ? ' (deleted)' : edited_at ? ' (edited)' : '';
  const head = `${clockTime(created_at)} ${plain(author_name)}${mark}:`;
  const width = (stdout.columns ?? Infinity) - indent.length;
  const [first = '', ...rest] = `${head} ${text.trim()}`
    .split(/\r?\n/)
    .map((line) => plain(line).trimEnd())
    .flatMap((line) => (line.length > width ? wrap(line, width).split('\n') : [line]));
  const styled = first.startsWith(head)
    ? `${style(deleted_at ? 'dim' : 'bold', head)}${first.slice(head.length)}`
    : first;
  return [styled, ...rest.map((line) => indent + line)].map((line) => `${line}\n`).join('');
}

const indent = '  ';
