import { oneLine } from '../text.ts';
import type { Item, Message } from './channel.ts';

const marks = { info: '', warning: '[warning] ', critical: '[critical] ' } as const;

/** Subject and text of a mail. The subject is one line, whatever an event says. */
export function mailText({ kind, items, more, again }: Message): { subject: string; text: string } {
  const [first] = items;
  const subject =
    kind === 'digest'
      ? `${items.length + more} ${items.length + more === 1 ? 'notification' : 'notifications'} of the laboratory`
      : `${marks[first.severity]}${first.title}`;
  const left = more > 0 ? `\n\n… and ${more} more, in your inbox.` : '';
  const text = kind === 'digest' ? items.map(entry).join('\n\n') + left : body(first);
  const doubt = again ? `\n\n${cameBefore}` : '';
  return { subject: oneLine(subject).slice(0, 200).toWellFormed(), text: `${text}${doubt}\n` };
}

/** Of a message that nobody answered for when it was handed over. */
export const cameBefore = 'This may have reached you before: when it was first sent, no answer came.';

const body = ({ text, link, occurred_at }: Item) =>
  [text, link, `At ${occurred_at}`].filter((part) => part !== null && part !== '').join('\n\n');

const entry = (item: Item) =>
  `${marks[item.severity]}${oneLine(item.title)}\n${body(item).replaceAll('\n\n', '\n')}`;
