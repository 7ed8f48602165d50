import type { Asking, User } from '@labwright/contract-hub/accounts';
import { UsageError } from '@labwright/kernel/command-line';
import { isProblem } from '@labwright/kernel/errors';
import { isLoopback } from '@labwright/kernel/identity';
import type { Command } from '../command-line/command.ts';
import { complaintOf } from '../command-line/complaint.ts';
import { command } from '../command-line/define.ts';
import { exitCode } from '../command-line/exit-codes.ts';
import { generalOptions } from '../command-line/general-options.ts';
import type { Terminal } from '../command-line/terminal.ts';
import { openLab, placesOf } from '../lab/open-lab.ts';
import { openService } from '../lab/service.ts';
import { factsText } from '../output/table.ts';
import { plain } from '../output/width.ts';
import { json } from '../output/words.ts';
import { Cancelled } from '../sign-in/prompt.ts';
import { endSession } from '../sign-in/session.ts';
import { signIn } from '../sign-in/sign-in.ts';
import { openStore, type SessionStore, sessionsFolder } from '../sign-in/store.ts';

const { token: _none, ...places } = generalOptions;
type Places = Parameters<typeof placesOf>[0];

const signInCommand = command({
  name: 'sign-in',
  summary: 'sign in at a laboratory, for all the commands that follow',
  notes: [
    'Asks for address, password (which is not shown) and, where the account has one, a code of the second factor. From then on every command at this laboratory is yours, until labwright sign-out; seven days without any command end it, too.',
    'What it keeps is in $XDG_CONFIG_HOME/labwright (~/.config/labwright), which nobody else can read: never the password. A token that --token or LABWRIGHT_TOKEN names goes first. Programs that act for themselves take an API token instead: labwright tokens create.',
  ],
  options: {
    email: { type: 'string', value: 'ADDRESS', doc: 'your address, instead of being asked' },
    'password-stdin': {
      type: 'boolean',
      doc: 'the password from standard input, for scripts; needs --email',
    },
    code: { type: 'string', value: 'CODE', doc: 'a code of the second factor, or a recovery code' },
    ...places,
  },
  examples: [
    { line: 'sign-in', says: 'at the laboratory of this machine' },
    {
      line: 'sign-in --url https://lab.example.org',
      says: 'at another one; later commands take the same --url',
    },
    {
      line: 'sign-in --email ada@example.org --password-stdin < password',
      says: 'in a script',
    },
  ],
  run: async ({ values, terminal }) => {
    const { hub: place, devices, workflows } = placesOf(values, terminal.env);
    const hub = openService(place);
    const store = storeOf(values, terminal);
    const asking = await hub.get<Asking>('/session').catch((error: unknown) => {
      if (isProblem(error, 'unauthenticated')) return undefined;
      throw error;
    });
    if (asking) {
      terminal.tell(
        `The laboratory at ${hub.url} has no accounts: whoever sits at its machine may do everything, and nobody signs in.\n`,
      );
      return exitCode.ok;
    }
    warnOfPlainText(hub.url, terminal);
    try {
      const user = await signIn({ hub, store, services: [devices.url, workflows.url] }, { values, terminal });
      if (values.json) terminal.say(json(user));
      else
        terminal.tell(
          plain(`Signed in at ${hub.url} as ${user.name} (${user.email}, ${user.role}).`).concat('\n'),
        );
    } catch (error) {
      if (!(error instanceof Cancelled)) throw error;
      terminal.tell(`\n${error.message}\n`);
      return exitCode.interrupted;
    }
    if (terminal.env.LABWRIGHT_TOKEN)
      terminal.tell('LABWRIGHT_TOKEN is set, and goes first: unset it to be who you signed in as.\n');
    return exitCode.ok;
  },
});

function warnOfPlainText(url: string, terminal: Terminal): void {
  const { protocol, hostname } = new URL(url);
  if (protocol === 'http:' && !isLoopback(hostname.replace(/^\[(.*)\]$/, '$1')))
    terminal.tell(`Anybody on the way to ${url} can read your password: it is http, and not https.\n`);
}

const signOutCommand = command({
  name: 'sign-out',
  summary: 'end your session at a laboratory, at once and everywhere, and forget it here',
  options: places,
  examples: [{ line: 'sign-out', says: 'nobody is signed in here any more' }],
  run: async ({ values, terminal }) => {
    const hub = openService(placesOf(values, terminal.env).hub);
    const store = storeOf(values, terminal);
    const before = await store.read().catch(() => undefined);
    try {
      await endSession({ hub, store });
    } catch (error) {
      if (await store.read().catch(() => undefined)) throw error;
      const { text, code } = complaintOf(error);
      terminal.tell(
        `${text}\nThe session is forgotten here, and cannot be used from this machine any more; at the laboratory it ends by itself within seven days, or on your page there.\n`,
      );
      return code;
    }
    if (values.json) terminal.say(json({ signed_out: before !== undefined }));
    else
      terminal.tell(
        before ? plain(`Signed out at ${hub.url}.\n`) : `Nobody was signed in here at ${hub.url}.\n`,
      );
    return exitCode.ok;
  },
});

const ways = {
  option: 'by --token',
  environment: 'by LABWRIGHT_TOKEN',
  'sign-in': 'by labwright sign-in',
  nothing: 'nobody signs in at this laboratory',
} as const;

const whoAmICommand = command({
  name: 'whoami',
  summary: 'as whom you are known at a laboratory, and by what',
  options: generalOptions,
  examples: [
    { line: 'whoami', says: 'your name and role' },
    { line: 'whoami --json', says: 'for a program' },
  ],
  run: async ({ values, terminal }) => {
    const { hub } = openLab(values, terminal.env);
    const asking = await hub.get<Asking>('/session');
    const me = asking.kind === 'user' ? await hub.get<User>('/me') : undefined;
    const way =
      asking.kind === 'local'
        ? 'nothing'
        : values.token !== undefined
          ? 'option'
          : terminal.env.LABWRIGHT_TOKEN
            ? 'environment'
            : 'sign-in';
    if (values.json) {
      terminal.say(json({ ...asking, email: me?.email ?? null, known_by: way, laboratory: hub.url }));
      return exitCode.ok;
    }
    terminal.say(
      factsText([
        ['name', asking.name],
        ...(me ? ([['address', me.email]] as const) : []),
        ['role', asking.role],
        ['laboratory', hub.url],
        ['known', ways[way]],
      ]),
    );
    return exitCode.ok;
  },
});

function storeOf(values: Places, { env }: Terminal): SessionStore {
  const folder = sessionsFolder(env);
  if (folder === undefined)
    throw new UsageError('There is no place to keep a session: set HOME or XDG_CONFIG_HOME.');
  return openStore(folder, placesOf(values, env).hub.url);
}

export const signInCommands: Command[] = [signInCommand, signOutCommand, whoAmICommand];
