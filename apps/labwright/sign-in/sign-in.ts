import type { Challenged, User } from '@labwright/contract-hub/accounts';
import { UsageError } from '@labwright/kernel/command-line';
import { isProblem } from '@labwright/kernel/errors';
import type { Terminal } from '../command-line/terminal.ts';
import type { Service } from '../lab/service.ts';
import { plain } from '../output/width.ts';
import { askPerson, readPiped } from './prompt.ts';
import {
  endQuietly,
  type GivenTokens,
  isChallenged,
  isSignedIn,
  post,
  type SessionOptions,
  storedOf,
} from './session.ts';

/** What was given on the command line, and where the rest is asked for. */
interface Given {
  values: { email?: string | undefined; 'password-stdin'?: boolean | undefined; code?: string | undefined };
  terminal: Terminal;
}

/** A wrong code is asked for again so often. */
const codeTries = 3;

/**
 * Signs in at the hub and keeps what it answers, in place of a session that was kept before, which ends. Throws `UsageError` where something
 * is missing that nobody can be asked for, `Cancelled`, and what the hub answers.
 */
export async function signIn(
  { hub, store, services }: SessionOptions & { services: readonly string[] },
  given: Given,
): Promise<User> {
  const { email, password } = await credentialsOf(given);
  const deliver = 'body';
  const { answer, behindMs } = await post(
    hub,
    '/session',
    { email, password, deliver },
    (found): found is GivenTokens | Challenged => isSignedIn(found) || isChallenged(found),
  );
  const signedIn =
    answer.status === 'signed_in' ? { answer, behindMs } : await secondFactor(hub, answer.challenge, given);
  await store.alone(async () => {
    const before = await store.read().catch(() => undefined);
    await store.save({ ...storedOf(signedIn.answer, signedIn.behindMs), services });
    if (before) await endQuietly(hub, before);
  });
  return signedIn.answer.user;
}

async function credentialsOf({ values, terminal }: Given): Promise<{ email: string; password: string }> {
  if (values['password-stdin']) {
    if (!values.email) throw new UsageError('--password-stdin needs --email: whose password is it?');
    const password = await readPiped(terminal);
    if (password === '') throw new UsageError('There is no password on standard input.');
    return { email: values.email, password };
  }
  if (!terminal.stdin.isTTY)
    throw new UsageError(
      'Nobody can be asked for the password: standard input is no terminal. In a script: --email ADDRESS --password-stdin, or an API token in LABWRIGHT_TOKEN.',
    );
  const email = values.email ?? (await askPerson(terminal, 'E-mail address: ')).trim();
  return { email, password: await askPerson(terminal, `Password of ${plain(email)}: `, { hidden: true }) };
}

async function secondFactor(hub: Service, challenge: string, { values, terminal }: Given) {
  const send = (code: string) =>
    post(
      hub,
      '/session/second-factor',
      { challenge, code: code.replaceAll(/\s/g, ''), deliver: 'body' },
      isSignedIn,
    );
  if (values.code !== undefined) return send(values.code);
  if (!terminal.stdin.isTTY || values['password-stdin'])
    throw new UsageError(
      'This account has a second factor: --code takes the six digits of the authenticator, or a recovery code.',
    );
  for (let tries = 1; ; tries += 1) {
    const code = await askPerson(terminal, 'Code of the authenticator, or a recovery code: ');
    try {
      return await send(code);
    } catch (error) {
      if (!isProblem(error, 'wrong_code', 'validation_failed') || tries === codeTries) throw error;
      terminal.tell(
        isProblem(error, 'wrong_code')
          ? `${plain(error.message)}\n`
          : 'A code has six digits, a recovery code 16 letters and digits.\n',
      );
    }
  }
}
