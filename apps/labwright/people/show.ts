import type { ApiToken, User } from '@labwright/contract-hub/accounts';
import type { Terminal } from '../command-line/terminal.ts';
import type { Column } from '../output/table.ts';
import { ago, clockTime, statusStyle } from '../output/words.ts';

export const peopleColumns = (terminal: Pick<Terminal, 'style'>): Column<User>[] => [
  { head: 'address', cell: ({ email }) => email },
  { head: 'name', cell: ({ name }) => name, shrinks: true },
  { head: 'role', cell: ({ role }) => role },
  {
    head: 'state',
    cell: ({ state }) => state,
    style: (text, { state }) => statusStyle(terminal, state)(text),
  },
  { head: '2nd factor', cell: ({ second_factor }) => (second_factor ? 'yes' : 'no'), spare: 1 },
  { head: 'why locked', cell: ({ lock_reason }) => lock_reason, shrinks: true, spare: 2 },
];

export function tokenColumns(terminal: Pick<Terminal, 'style'>): Column<ApiToken>[] {
  const now = Date.now();
  const state = ({ revoked_at, expires_at }: ApiToken) =>
    revoked_at ? 'revoked' : expires_at && Date.parse(expires_at) < now ? 'expired' : 'active';
  return [
    { head: 'id', cell: ({ id }) => id },
    { head: 'begins', cell: ({ hint }) => `${hint}…`, spare: 1 },
    { head: 'role', cell: ({ role }) => role },
    { head: 'state', cell: state, style: (text, one) => statusStyle(terminal, state(one))(text) },
    {
      head: 'until',
      cell: ({ expires_at }) => (expires_at ? clockTime(expires_at).slice(0, 10) : 'for ever'),
    },
    {
      head: 'last used',
      cell: ({ last_used_at }) => (last_used_at ? ago(last_used_at, now) : 'never'),
      spare: 2,
    },
    {
      head: 'scopes',
      cell: ({ scopes }) => scopes?.join(', ') ?? 'all of its role',
      shrinks: true,
      spare: 3,
    },
    { head: 'name', cell: ({ name }) => name, shrinks: true },
  ];
}
