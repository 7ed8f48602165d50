import type { ChatMessage, RoomRow } from '@labwright/contract-hub/chat';
import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import { followRoom } from '../chat/follow.ts';
import { messageText, roomColumns } from '../chat/show.ts';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { openLab } from '../lab/open-lab.ts';
import { gather, pages } from '../lab/pages.ts';
import { tableText } from '../output/table.ts';
import { plain } from '../output/width.ts';
import { json } from '../output/words.ts';

const room = { name: 'ROOM', doc: 'lab, run:WORKFLOW or device:DEVICE', completes: 'room' } as const;

function readRoom(text: string): string {
  if (!/^(lab|(run|device):.+)$/.test(text))
    throw new UsageError(`A room is lab, run:WORKFLOW or device:DEVICE, not "${text}".`);
  return `/chat/rooms/${encodeURIComponent(text)}/messages`;
}

const read = command({
  name: 'chat',
  summary: 'what is said in a room: the newest messages, and on with -f',
  notes: ['The newest 20, oldest of them first. With -f an edited or deleted message comes again.'],
  arguments: [{ ...room, doc: `${room.doc}; without it the rooms that there are`, optional: true }],
  options: {
    follow: { type: 'boolean', short: 'f', doc: 'go on with what is said from now, until Ctrl-C' },
    limit: { type: 'string', short: 'n', value: 'N', doc: 'at most so many (20)' },
    ...generalOptions,
  },
  examples: [
    { line: 'chat', says: 'the rooms' },
    { line: 'chat lab -f', says: 'what the laboratory talks about, as it does' },
    { line: 'chat device:incubator-1 -n 100 --json', says: 'for a program' },
  ],
  run: async ({ values, words: [wanted], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const limit = wholeNumber('--limit', values.limit ?? '20', { minimum: 0, maximum: 1_000_000 });
    if (wanted === undefined) {
      if (values.follow) throw new UsageError('Which room? labwright chat lists them.');
      const rooms = await gather(pages<RoomRow>(hub, '/chat/rooms', 'rooms'));
      if (values.json) terminal.say(json(rooms));
      else if (rooms.length === 0)
        terminal.tell('Nobody has said anything yet: labwright chat send lab TEXT.\n');
      else terminal.say(tableText(roomColumns(), rooms, terminal));
      return 0;
    }
    // The newest one tells where to go on, also where none is to be shown.
    const atMost = values.follow ? Math.max(1, limit) : limit;
    const newest = await gather(pages<ChatMessage>(hub, readRoom(wanted), 'messages', { atMost }));
    const found = newest.toReversed();
    if (values.follow) {
      const shown = Math.min(limit, found.length);
      return followRoom(hub, { room: wanted, found, shown, asJson: values.json === true }, terminal);
    }
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell(`Nobody has said anything in ${plain(wanted)} yet.\n`);
    else terminal.say(found.map((message) => messageText(message, terminal)).join(''));
    return 0;
  },
});

const send = command({
  name: 'chat send',
  summary: 'say something in a room',
  notes: [
    '@name tells that person: their name with dots for blanks, or what stands before the @ of their address.',
  ],
  arguments: [room, { name: 'TEXT', doc: 'what there is to say; - is standard input', many: true }],
  options: generalOptions,
  examples: [
    { line: 'chat send lab "@ada.lovelace the plate is ready"', says: 'and Ada is told' },
    { line: 'chat send run:4711 - < report.txt', says: 'what another program wrote' },
  ],
  run: async ({ values, words: [wanted = '', ...words], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const path = readRoom(wanted);
    const text = words.length === 1 && words[0] === '-' ? await readAll(terminal) : words.join(' ');
    if (text.trim() === '') throw new UsageError('There is nothing to say: TEXT is empty.');
    const message = await hub.send<ChatMessage>('POST', path, { body: { text } });
    terminal.say(values.json ? json(message) : messageText(message, terminal));
    return 0;
  },
});

async function readAll({ stdin }: Terminal): Promise<string> {
  let text = '';
  for await (const chunk of stdin.setEncoding('utf8')) text += chunk;
  return text;
}

export const chatCommands: Command[] = [read, send];
