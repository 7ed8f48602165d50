import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { type FromChild, pipeToParent, type Setup, type ToChild } from './messages.ts';

export interface Child {
  send(message: ToChild): void;
  /** Whatever it does: for certain, and at once. */
  kill(): void;
  /** Resolves with how it ended, as the end of a sentence: `ended with exit code 3`. */
  readonly ended: Promise<string>;
}

/** Starts a child. What it says before it has ended goes to `hear`. */
export function startChild(kind: 'process' | 'thread', setup: Setup, hear: (said: FromChild) => void): Child {
  return kind === 'process' ? startProcess(setup, hear) : startThread(setup, hear);
}

const script = new URL('./child.ts', import.meta.url);

function startProcess(setup: Setup, hear: (said: FromChild) => void): Child {
  const child = fork(fileURLToPath(script), [JSON.stringify(setup)], {
    execArgv: [],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', 'pipe'],
  });
  child.on('message', (message) => hear(message as FromChild));
  child.stdio[pipeToParent]?.on('error', () => {});
  const ended = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`could not be started: ${error.message}`));
    child.once('exit', (code, signal) => {
      // V8 aborts where its heap is full.
      if (signal === 'SIGABRT' || code === 134) resolve('was ended by SIGABRT, perhaps for want of memory');
      else resolve(signal ? `was ended by ${signal}` : `ended with exit code ${code}`);
    });
  });
  return {
    // What cannot be sent is sent to one that has ended, or is about to.
    send: (message) => void child.send(message, () => {}),
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}

function startThread(setup: Setup, hear: (said: FromChild) => void): Child {
  const thread = new Worker(script, { workerData: setup, execArgv: [] });
  thread.on('message', hear);
  let fault: Error | undefined;
  const ended = new Promise<string>((resolve) => {
    thread.once('error', (error) => {
      fault = error instanceof Error ? error : new Error(String(error));
    });
    thread.once('exit', (code) =>
      resolve(fault ? `was ended by ${fault.name}: ${fault.message}` : `ended with exit code ${code}`),
    );
  });
  return {
    send: (message) => thread.postMessage(message),
    kill: () => void thread.terminate(),
    ended,
  };
}
