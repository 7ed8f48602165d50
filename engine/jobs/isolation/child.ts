/**
 * A child that carries out jobs, one at a time: a process of its own or a thread. It lives as long as its worker: a process
 * watches the pipe to it from a thread, so that it ends at once also where a handler keeps the main thread busy.
 */
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { carriedContext, enterContext } from '@labwright/kernel/context';
import { createLog } from '@labwright/kernel/log';
import { NoRetry } from '../task.ts';
import type { Handler, JobContext } from '../worker/handler.ts';
import { loadHandlers } from './load-handlers.ts';
import { type FromChild, packError, type Setup, type ToChild, unpackError } from './messages.ts';

const progressEveryMs = 50;

const send = (message: FromChild) => {
  if (parentPort) parentPort.postMessage(message);
  else process.send?.(message);
};
const mebibyte = 1024 * 1024;
const memoryMiB = () => {
  const { rss, heapTotal, external } = process.memoryUsage();
  // Of a thread, what is its own; the rest of the process is not its doing.
  return (isMainThread ? rss : heapTotal + external) / mebibyte;
};

const setup: Setup = isMainThread ? JSON.parse(process.argv[2] ?? '{}') : workerData;
const log = createLog(
  { service: 'handler', level: setup.logLevel as 'info' },
  { write: (line) => send({ type: 'log', line }) },
);
let handlers: Map<string, Handler> | undefined;
let controller = new AbortController();

if (isMainThread) {
  // A terminal and a supervisor may mean us too: the worker decides when we end.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => {});
  process.once('disconnect', () => process.exit());
  new Worker(new URL('./watch-parent.ts', import.meta.url), { execArgv: [] }).unref();
}

const receive = (message: ToChild) => {
  if (message.type === 'exit') process.exit();
  else if (message.type === 'abort') controller.abort(unpackError(message.error));
  else void carryOut(message);
};
if (parentPort) parentPort.on('message', receive);
else process.on('message', receive);

try {
  handlers = new Map((await loadHandlers(setup.modules)).map((handler) => [handler.task.name, handler]));
  send({ type: 'ready', tasks: [...handlers.keys()] });
} catch (error) {
  send({ type: 'unusable', error: packError(error) });
}

async function carryOut({ run, task, args, context, carried }: Extract<ToChild, { type: 'run' }>) {
  controller = new AbortController();
  if (carried) enterContext(carriedContext(carried));
  let toldAt = Number.NEGATIVE_INFINITY;
  const whole: JobContext = {
    ...context,
    signal: controller.signal,
    log,
    progress: (fraction: number, text?: string) => {
      const now = performance.now();
      if (now - toldAt < progressEveryMs && fraction < 1) return;
      toldAt = now;
      send({ type: 'progress', run, fraction, text });
    },
    complete: async () => {
      throw new NoRetry(
        `complete is not at hand in a child: let ${task} return its result, or run beside its worker.`,
      );
    },
  };
  try {
    const handler = handlers?.get(task);
    if (!handler) throw new Error(`${setup.modules.join(', ')} has no handler for ${task}`);
    const result = JSON.stringify(await handler.run(JSON.parse(args), whole));
    send({ type: 'succeeded', run, result, memoryMiB: memoryMiB() });
  } catch (error) {
    send({ type: 'failed', run, error: packError(error), memoryMiB: memoryMiB() });
  }
}
