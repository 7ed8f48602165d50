import type { ApiToken } from '@labwright/contract-hub/accounts';
import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { openLab } from '../lab/open-lab.ts';
import { plain } from '../output/width.ts';
import { clockTime, json } from '../output/words.ts';
import { tokenColumns } from '../people/show.ts';
import { commaList } from './comma-list.ts';
import { given } from './given.ts';
import { listOptions, oneOf, printList } from './list.ts';
import { roles } from './people.ts';

const list = command({
  name: 'tokens',
  summary: 'your API tokens, newest first; those of everybody for administrators',
  options: { ...listOptions, ...generalOptions },
  examples: [{ line: 'tokens', says: 'what for, until when, and when they were used last' }],
  run: async ({ values, terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const list = { service: hub, path: '/api-tokens', key: 'api_tokens', none: 'There is no API token.' };
    await printList<ApiToken>({ ...list, columns: tokenColumns(terminal) }, values, terminal);
    return 0;
  },
});

const create = command({
  name: 'tokens create',
  summary: 'an API token for a machine; it is shown once',
  notes: [
    'It has at most your own rights, and ends with your account. Only a person makes tokens: whoever sits at the machine of a laboratory without accounts, or who signed in (labwright sign-in).',
    'Prints the token and nothing else, so that a script can take it; what is told about it goes to standard error.',
  ],
  arguments: [{ name: 'NAME', doc: 'what it is for', many: true }],
  options: {
    role: { type: 'string', value: 'ROLE', doc: `one of ${roles.join(', ')}: required`, completes: roles },
    scope: {
      type: 'string',
      multiple: true,
      value: 'a,b',
      doc: 'for these alone: devices:read, workflows:write, …; without it all that the role allows',
    },
    days: { type: 'string', value: 'DAYS', doc: 'good for so many days (365)' },
    'for-ever': { type: 'boolean', doc: 'good until it is revoked' },
    ...generalOptions,
  },
  examples: [
    {
      line: 'tokens create plate robot --role operator --scope devices:write --days 90',
      says: 'for one machine',
    },
    { line: 'tokens create dashboard --role viewer > token', says: 'into a file, and nowhere else' },
  ],
  run: async ({ values, words, terminal }) => {
    const role = oneOf('--role', values.role, roles);
    if (!role) throw new UsageError(`Which role? --role takes one of ${roles.join(', ')}.`);
    const { days } = values;
    if (days !== undefined && values['for-ever'])
      throw new UsageError('--days and --for-ever contradict one another: one of them.');
    const scopes = (values.scope ?? []).flatMap((text) => commaList(text));
    const body = given({
      name: words.join(' '),
      role,
      scopes: scopes.length > 0 ? scopes : undefined,
      expires_in_days: values['for-ever']
        ? null
        : days === undefined
          ? undefined
          : wholeNumber('--days', days, { minimum: 1, maximum: 3_650 }),
    });
    const { hub } = openLab(values, terminal.env);
    const made = await hub.send<{ api_token: ApiToken; token: string }>('POST', '/api-tokens', { body });
    terminal.say(values.json ? json(made) : `${made.token}\n`);
    if (!values.json) terminal.tell(`${plain(aboutOf(made.api_token))}\n`);
    return 0;
  },
});

const aboutOf = ({ id, name, role, scopes, expires_at }: ApiToken): string =>
  `"${name}" is ${role}${scopes ? ` for ${scopes.join(', ')}` : ''}, ${expires_at ? `until ${clockTime(expires_at)}` : 'for ever'}. It is not shown again; labwright tokens revoke ${id} ends it.`;

const revoke = command({
  name: 'tokens revoke',
  summary: 'end an API token, at once and everywhere',
  arguments: [{ name: 'TOKEN', doc: 'its id: the token itself is never needed', completes: 'api-token' }],
  options: generalOptions,
  examples: [{ line: 'tokens revoke 0198f1c2-…', says: 'it opens nothing any more' }],
  run: async ({ values, words: [id = ''], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    await hub.send('DELETE', `/api-tokens/${encodeURIComponent(id)}`);
    terminal.say(values.json ? json({ id, revoked: true }) : `Token ${plain(id)} opens nothing any more.\n`);
    return 0;
  },
});

export const tokenCommands: Command[] = [list, create, revoke];
