import { LabwrightError } from './errors.ts';
import { type CallOptions, createCaller } from './http/call.ts';
import type { TokenSource } from './http/send.ts';
import type { User } from './types.ts';

export interface SignInOptions extends CallOptions {
  /** Where hub-service answers. */
  hub: string;
  email: string;
  password: string;
  /** The code of the second factor, or who asks the person for it. */
  code?: string | (() => string | Promise<string>);
  fetch?: typeof fetch;
}

/** Somebody who signed in: `createClient({ …, token: session.token })`. */
export interface Session {
  readonly user: User;
  /** The access token, renewed before it is over (they last 15 minutes) and where a service says that it is. */
  readonly token: TokenSource;
  /** Ends the session at once, everywhere. */
  signOut(): Promise<void>;
}

/** An access token is renewed so many milliseconds before its end: clocks differ, and a request takes a while. */
const marginMs = 30_000;

/**
 * Signs in with address and password, and the second factor where there is one. For programs that act for a person; one that
 * acts for itself is given an API token instead. A refresh token is good once: where the answer to it is lost, the session is over.
 */
export async function signIn(options: SignInOptions): Promise<Session> {
  const { hub, email, password, code, fetch: send = fetch, ...call } = options;
  const url = hub.replace(/\/+$/, '');
  const line = { fetch: send };
  const { call: ask } = createCaller({
    urls: { 'hub-service': url, 'device-service': url, 'workflow-service': url },
    line,
    headers: {},
    patience: { timeoutMs: 60_000, tryTimeoutMs: 30_000, retries: 4 },
  });
  const deliver = 'body';
  const answer = await ask('hub-service', 'POST', '/session', {
    body: { email, password, deliver },
    ...call,
  });
  const signedIn =
    answer.status === 'signed_in'
      ? answer
      : await ask('hub-service', 'POST', '/session/second-factor', {
          body: { challenge: answer.challenge, code: await codeFrom(code), deliver },
          ...call,
        });

  let current = signedIn;
  let renewing: Promise<void> | undefined;
  const renew = async () => {
    const { refresh_token = '' } = current;
    current = await ask('hub-service', 'POST', '/session/refresh', { body: { refresh_token } });
  };
  // A refresh token that is shown twice ends the session: whoever comes meanwhile waits for the same answer.
  const once = () => {
    renewing ??= renew().finally(() => {
      renewing = undefined;
    });
    return renewing;
  };
  // A token that was refused is renewed once, however many requests were refused with it.
  const token: TokenSource = async (renew, refused) => {
    const old = Date.parse(current.expires_at) - marginMs <= Date.now();
    if (old || renewing || (renew && refused === current.access_token)) await once();
    return current.access_token;
  };
  return {
    user: signedIn.user,
    token,
    signOut: async () => {
      const response = await send(`${url}/session`, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${current.access_token}` },
      });
      await response.arrayBuffer();
    },
  };
}

async function codeFrom(code: SignInOptions['code']): Promise<string> {
  if (code === undefined)
    throw new LabwrightError({
      code: 'code_needed',
      detail: 'The account has a second factor: sign in with `code`, six digits of the authenticator.',
    });
  return typeof code === 'string' ? code : code();
}
