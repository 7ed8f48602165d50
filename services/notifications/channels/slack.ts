import type { Item, Message, NotificationChannel } from './channel.ts';
import { cameBefore } from './mail-text.ts';
import { checkUrl, type PostOptions, post } from './post.ts';

const signs = { info: ':information_source:', warning: ':warning:', critical: ':rotating_light:' } as const;
/** Slack cuts at 40,000. */
const mostText = 30_000;

/** An incoming webhook of Slack, or of what understands its messages (Mattermost, Rocket.Chat, Discord with /slack). */
export function slackChannel(options: PostOptions): NotificationChannel {
  return {
    name: 'slack',
    // It has no place for an id: what is sent twice is there twice, and says so.
    repeatable: false,
    checkAddress: (address) => checkUrl(address, options.rule),
    send: (message, signal) =>
      post(message.to.address, JSON.stringify({ text: textOf(message) }), {}, options, signal),
    stop: async () => {},
  };
}

/** `&`, `<` and `>` are all that Slack's text gives a meaning to at any place. */
const plain = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

function lineOf({ severity, title, text, link }: Item): string {
  const where = link === null ? '' : `\n<${plain(link).replaceAll('|', '%7C')}|Look at it>`;
  return `${signs[severity]} *${plain(title)}*${text === '' ? '' : `\n${plain(text)}`}${where}`;
}

function textOf({ items, more, again }: Message): string {
  let told = 0;
  let text = '';
  for (const item of items) {
    const line = lineOf(item);
    if (told > 0 && text.length + line.length > mostText) break;
    text += (told > 0 ? '\n\n' : '') + line.slice(0, mostText);
    told += 1;
  }
  const left = more + items.length - told;
  const rest = left > 0 ? `\n\n… and ${left} more.` : '';
  return `${text}${rest}${again ? `\n\n_${cameBefore}_` : ''}`;
}
