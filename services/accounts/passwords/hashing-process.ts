import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Work } from './work.ts';

/** A process that hashes one password after the other. */
export interface HashingProcess {
  /** False once it is told to end. */
  readonly alive: boolean;
  send(work: Work): void;
  /** Resolves when it is gone. */
  end(): Promise<void>;
}

/** It keeps nobody alive, and ends with its parent. `ended` is called once, also where it could not be started. */
export function startHashing(on: {
  answered(answer: string | boolean): void;
  failed(error: Error): void;
  ended(): void;
}): HashingProcess {
  // It needs none of our secrets. What a debugger or a profiler was told is for us alone.
  const { NODE_COMPILE_CACHE, SystemRoot } = process.env;
  const child = fork(fileURLToPath(new URL('./work.ts', import.meta.url)), [], {
    execArgv: [],
    env: { ...(NODE_COMPILE_CACHE ? { NODE_COMPILE_CACHE } : {}), ...(SystemRoot ? { SystemRoot } : {}) },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  let alive = true;
  let over = false;
  const end = () => {
    alive = false;
    if (over) return;
    over = true;
    on.ended();
  };
  child.on('message', (answer: Answer) => {
    if ('error' in answer) on.failed(new Error(answer.error));
    else on.answered(answer.value);
  });
  child.on('error', end);
  child.on('exit', end);
  child.unref();
  child.channel?.unref();
  return {
    get alive() {
      return alive;
    },
    // Where it is gone already, `exit` tells.
    send: (work) => void child.send(work, () => {}),
    end: async () => {
      alive = false;
      if (over || child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
      const gone = once(child, 'exit');
      child.ref();
      child.kill('SIGKILL');
      await gone;
    },
  };
}
