import type { Invitation, User } from '@labwright/contract-hub/accounts';
import { UsageError } from '@labwright/kernel/command-line';
import { Problem } from '@labwright/kernel/errors';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { openLab } from '../lab/open-lab.ts';
import type { Service } from '../lab/service.ts';
import { plain } from '../output/width.ts';
import { clockTime, json } from '../output/words.ts';
import { peopleColumns } from '../people/show.ts';
import { given } from './given.ts';
import { listOptions, oneOf, printList } from './list.ts';

export const roles = ['viewer', 'scientist', 'operator', 'admin'] as const;
const person = {
  name: 'PERSON',
  doc: 'the e-mail address or the id of somebody',
  completes: 'person',
} as const;
const reason = { type: 'string', value: 'TEXT', doc: 'why: kept in the audit trail' } as const;
const at = (id: string, rest = '') => `/users/${encodeURIComponent(id)}${rest}`;

/** The id of somebody who was named by their address, or by it. */
async function idOf(hub: Service, text: string): Promise<string> {
  if (!text.includes('@')) return text;
  const { users } = await hub.get<{ users: User[] }>('/users', { query: { email: text } });
  const [found] = users;
  if (found) return found.id;
  const entry = { status: 404, title: 'There is no such account' };
  throw new Problem('user_not_found', entry, `Nobody here has the address ${text}.`);
}

const list = command({
  name: 'people',
  summary: 'who has an account, with which role; for administrators',
  options: {
    email: { type: 'string', value: 'ADDRESS', doc: 'the one with this address', completes: 'person' },
    ...listOptions,
    ...generalOptions,
  },
  examples: [
    { line: 'people --all', says: 'everybody' },
    { line: 'people --email ada@example.org --json', says: 'one of them, for a program' },
  ],
  run: async ({ values, terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const list = { service: hub, path: '/users', key: 'users', query: { email: values.email } };
    const none = 'Nobody has an account like that.';
    await printList<User>({ ...list, columns: peopleColumns(terminal), none }, values, terminal);
    return 0;
  },
});

const invite = command({
  name: 'people invite',
  summary: 'make an account, and a link with which its owner sets the password',
  notes: ['The link is shown once, and good once and for seven days: hand it on to its owner alone.'],
  arguments: [
    { name: 'ADDRESS', doc: 'their e-mail address' },
    { name: 'NAME', doc: 'what they are called', many: true },
  ],
  options: {
    role: { type: 'string', value: 'ROLE', doc: `one of ${roles.join(', ')}: required`, completes: roles },
    ...generalOptions,
  },
  examples: [{ line: 'people invite bob@example.org Bob Builder --role scientist', says: 'Bob may join' }],
  run: async ({ values, words: [email = '', ...name], terminal }) => {
    const role = oneOf('--role', values.role, roles);
    if (!role) throw new UsageError(`Which role? --role takes one of ${roles.join(', ')}.`);
    const { hub } = openLab(values, terminal.env);
    const body = { email, name: name.join(' '), role };
    const made = await hub.send<{ user: User; invitation: Invitation | null }>('POST', '/users', { body });
    if (values.json) terminal.say(json(made));
    else if (made.invitation) await sayInvitation(hub, made.user, made.invitation, terminal);
    return 0;
  },
});

const inviteAgain = command({
  name: 'people invite-again',
  summary: 'a new link, for an invitation that is over or a forgotten password',
  notes: ['The links before it are good no more.'],
  arguments: [person],
  options: generalOptions,
  examples: [{ line: 'people invite-again bob@example.org', says: 'Bob sets another password' }],
  run: async ({ values, words: [who = ''], terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const id = await idOf(hub, who);
    const invitation = await hub.send<Invitation>('POST', at(id, '/invitation'));
    if (values.json) terminal.say(json(invitation));
    else await sayInvitation(hub, await hub.get<User>(at(id)), invitation, terminal);
    return 0;
  },
});

/** The link is the answer, at the address where people reach the hub. What stands behind # reaches no server and no log. */
async function sayInvitation(
  hub: Service,
  user: User,
  { token, expires_at }: Invitation,
  terminal: Terminal,
): Promise<void> {
  // The invitation is made: whatever keeps us from asking, the link is told.
  const address = await hub
    .get<{ url: string; loopback: boolean }>('/labels/address')
    .catch(() => ({ url: hub.url, loopback: false }));
  terminal.say(`${address.url.replace(/\/+$/, '')}/ui/#invitation=${token}\n`);
  terminal.tell(
    plain(
      `Hand this link on to ${user.name} (${user.email}, ${user.role}) alone: whoever opens it until ${clockTime(expires_at)} sets the password.`,
    ).concat('\n'),
  );
  if (address.loopback)
    terminal.tell(
      'Only this computer can open it. For people at other computers, start the laboratory with HUB_PUBLIC_URL set to its https address, and invite them again then.\n',
    );
}

/** The changes of an account that name it, and perhaps say why. */
const change = (
  verb: 'lock' | 'unlock',
  { summary, notes, says }: { summary: string; notes: string[]; says: string },
) =>
  command({
    name: `people ${verb}`,
    summary,
    notes,
    arguments: [person],
    options: {
      reason: verb === 'lock' ? { ...reason, doc: `${reason.doc}; required` } : reason,
      ...generalOptions,
    },
    examples: [{ line: `people ${verb} bob@example.org --reason "${says}"`, says: summary }],
    run: async ({ values, words: [who = ''], terminal }) => {
      if (verb === 'lock' && !values.reason)
        throw new UsageError('Say why: --reason TEXT is kept in the audit trail.');
      const { hub } = openLab(values, terminal.env);
      const body = given({ reason: values.reason });
      const user = await hub.send<User>('POST', at(await idOf(hub, who), `/${verb}`), { body });
      terminal.say(values.json ? json(user) : `${plain(user.name)} (${user.email}) is ${user.state} now.\n`);
      return 0;
    },
  });

const role = command({
  name: 'people role',
  summary: 'give somebody another role; it holds at once',
  arguments: [person, { name: 'ROLE', doc: `one of ${roles.join(', ')}`, completes: roles }],
  options: { reason, ...generalOptions },
  examples: [{ line: 'people role bob@example.org operator', says: 'Bob may see to the instruments' }],
  run: async ({ values, words: [who = '', wanted], terminal }) => {
    const body = given({ role: oneOf('A role', wanted, roles), reason: values.reason });
    const { hub } = openLab(values, terminal.env);
    const user = await hub.send<User>('PATCH', at(await idOf(hub, who)), { body });
    terminal.say(values.json ? json(user) : `${plain(user.name)} (${user.email}) is ${user.role} now.\n`);
    return 0;
  },
});

export const peopleCommands: Command[] = [
  list,
  invite,
  inviteAgain,
  role,
  change('lock', {
    summary: 'let nothing of a person work any more, at once and everywhere',
    notes: ['No session, no access token and no API token of theirs.'],
    says: 'has left the laboratory',
  }),
  change('unlock', { summary: 'let a person sign in again', notes: [], says: 'is back' }),
];
