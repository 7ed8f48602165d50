import type { Log } from './log.ts';

/** Start may fail; stop is idempotent, drains and waits, and may be called on what never started. */
export interface Part {
  readonly name: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

const stopping: string[] = [];

/** Stops a part, on record for `stillStopping` until it has. */
export async function stopNamed(name: string, stop: () => Promise<void>): Promise<void> {
  stopping.push(name);
  try {
    await stop();
  } finally {
    stopping.splice(stopping.lastIndexOf(name), 1);
  }
}

/** What this process waits for while it stops, from the whole to the part. */
export const stillStopping = (): readonly string[] => [...stopping];

/**
 * Starts parts in order and stops them in reverse. When one fails to start, all are stopped, that one and those after it
 * too, for a part may hold connections before it starts; the error is thrown. A part that fails to stop is reported and
 * does not keep the others from stopping.
 */
export function group(name: string, parts: readonly Part[], log: Log): Part {
  let stopping: Promise<void> | undefined;

  const stopAll = async () => {
    for (const part of parts.toReversed()) {
      try {
        await stopNamed(part.name, () => part.stop());
      } catch (error) {
        log.error({ err: error, part: part.name }, 'a part failed to stop');
      }
    }
  };
  const stop = () => {
    stopping ??= stopAll();
    return stopping;
  };

  return {
    name,
    start: async () => {
      try {
        for (const part of parts) await part.start();
      } catch (error) {
        await stop();
        throw error;
      }
    },
    stop,
  };
}

/** A terminal and a parent process may both pass on one Ctrl-C; a person needs longer for two. */
const sameKeystrokeMs = 300;

/**
 * Resolves with the name of the first SIGINT or SIGTERM. Another one later on calls `again`: the person who sends it does not want
 * to wait for the drain. One more ends the process whatever it does.
 */
export function untilSignal(again: (code: number) => void): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let askedAt: number | undefined;
    let times = 0;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        const now = performance.now();
        if (askedAt !== undefined && now - askedAt < sameKeystrokeMs) return;
        askedAt = now;
        times += 1;
        const code = signal === 'SIGINT' ? 130 : 143;
        if (times === 1) resolve(signal);
        else if (times === 2) again(code);
        else process.exit(code);
      });
    }
  });
}

/**
 * A loop that does `work` again and again: after `idleMs`, or at once when `poke` is called. Work never
 * overlaps itself; an error is logged and the loop goes on. Stop waits for the work in hand.
 */
export function loop(options: {
  name: string;
  idleMs: number;
  log: Log;
  work: (signal: AbortSignal) => Promise<void>;
}): Part & { poke(): void } {
  const controller = new AbortController();
  let wake: (() => void) | undefined;
  let poked = false;
  let done: Promise<void> | undefined;

  const pause = () =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(finish, options.idleMs);
      function finish() {
        clearTimeout(timer);
        wake = undefined;
        resolve();
      }
      wake = finish;
    });

  const run = async () => {
    while (!controller.signal.aborted) {
      poked = false;
      try {
        await options.work(controller.signal);
      } catch (error) {
        if (!controller.signal.aborted)
          options.log.error({ err: error, loop: options.name }, 'a loop failed');
      }
      if (!poked && !controller.signal.aborted) await pause();
    }
  };

  return {
    name: options.name,
    start: async () => {
      done ??= run();
    },
    stop: async () => {
      controller.abort(new Error(`${options.name} stops`));
      wake?.();
      await done;
    },
    poke: () => {
      poked = true;
      wake?.();
    },
  };
}
