import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Laboratory } from '../laboratory/laboratory.ts';
import { root } from '../laboratory/production.ts';
import type { Scope } from '../scope.ts';
import { ready } from './orders.ts';

/** A process that is measured, or that loads what is measured. */
export interface Child<Order> {
  readonly pid: number;
  /** Resolves with its answer; rejects with what went wrong there, when it ends, and when the scenario is given up. */
  ask<Answer = number>(order: Order): Promise<Answer>;
}

interface Message {
  id: number;
  answer?: unknown;
  fault?: string;
}

/** Starts a program of the repository with the settings of the production image; resolves when it is ready. Killed with the scope. */
export async function startChild<Order>(
  bench: { laboratory: Pick<Laboratory, 'production'>; scope: Scope; signal: AbortSignal },
  options: { program: string; args?: readonly string[]; env?: Record<string, string> },
): Promise<Child<Order>> {
  const { laboratory, scope, signal } = bench;
  const { program, args = [], env = {} } = options;
  const child = fork(`${root}${program}`, args, {
    cwd: root,
    env: { PATH: process.env.PATH, ...laboratory.production, ...env },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const name = [program, ...args].join(' ');
  const open = new Map<number, PromiseWithResolvers<unknown>>();
  let gone: Error | undefined;
  let asked = ready;
  const lose = (why: Error) => {
    gone ??= why;
    for (const { reject } of open.values()) reject(gone);
    open.clear();
  };
  const expect = (id: number) => {
    const answer = Promise.withResolvers<unknown>();
    // Whoever asked may have failed already.
    answer.promise.catch(() => {});
    if (gone) answer.reject(gone);
    else open.set(id, answer);
    return answer.promise;
  };
  const started = expect(ready);
  child.on('error', lose);
  child.on('exit', (code, by) => lose(new Error(`${name} ended by itself (${by ?? code})`)));
  child.on('message', (message: Message) => {
    const answer = open.get(message.id);
    open.delete(message.id);
    if (message.fault === undefined) answer?.resolve(message.answer);
    else answer?.reject(new Error(`${name}: ${message.fault}`));
  });
  const giveUp = () => lose(signal.reason);
  signal.addEventListener('abort', giveUp, { once: true });
  scope.defer(async () => {
    signal.removeEventListener('abort', giveUp);
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  });
  await started;
  return {
    pid: child.pid ?? 0,
    ask: async <Answer>(order: Order) => {
      asked += 1;
      const answer = expect(asked);
      if (!gone) child.send({ id: asked, order });
      return (await answer) as Answer;
    },
  };
}
