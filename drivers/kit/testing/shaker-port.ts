import type { Clock } from '@labwright/kernel/clock';
import { DriverError } from '../errors.ts';

/** What the example instrument's line can carry. */
export interface ShakerPort {
  shake(run_id: string, parameters: Record<string, unknown>): Promise<void>;
  stop(run_id: string): Promise<void>;
  run(
    run_id: string,
  ): Promise<{ state: 'shaking' | 'stopped' | 'done'; fraction: number; turns: number } | undefined>;
  disconnect(): Promise<void>;
}

/** An instrument on the bench, which lives on when a line to it breaks. */
export interface BenchShaker {
  connect(): Promise<ShakerPort>;
  /** How often it began to move for this run, or for one named after it: `a~2`. */
  movements(run_id: string): number;
  /** Makes the next order arrive, and the line break before the answer. */
  breakNextLine(): void;
  /** Makes the next order get lost. */
  loseNextOrder(): void;
}

export function benchShaker(clock: Clock): BenchShaker {
  const runs = new Map<string, { from: number; until: number; rpm: number; stopped: boolean }>();
  const moved: string[] = [];
  let trouble: 'break' | 'lose' | undefined;

  const connect = async (): Promise<ShakerPort> => {
    let connected = true;
    const send = async () => {
      // A turn of the event loop stands for the wire.
      await new Promise((resolve) => setImmediate(resolve));
      if (!connected) throw new DriverError('connection_lost', 'the line is closed');
    };
    return {
      shake: async (run_id, { speed_rpm, duration_s }) => {
        await send();
        const now = trouble;
        trouble = undefined;
        if (now !== 'lose') {
          moved.push(run_id);
          const from = clock.now();
          runs.set(run_id, {
            from,
            until: from + Number(duration_s) * 1_000,
            rpm: Number(speed_rpm),
            stopped: false,
          });
        }
        if (now) throw new DriverError('connection_lost', 'the line broke');
      },
      stop: async (run_id) => {
        await send();
        const run = runs.get(run_id);
        if (run && clock.now() < run.until) Object.assign(run, { until: clock.now(), stopped: true });
      },
      run: async (run_id) => {
        await send();
        const run = runs.get(run_id);
        if (!run) return undefined;
        const elapsed = Math.min(clock.now(), run.until) - run.from;
        const state = run.stopped ? 'stopped' : clock.now() < run.until ? 'shaking' : 'done';
        return { state, fraction: elapsed / (run.until - run.from), turns: (elapsed / 60_000) * run.rpm };
      },
      disconnect: async () => {
        connected = false;
      },
    };
  };

  return {
    connect,
    movements: (run_id) => moved.filter((id) => id.split('~')[0] === run_id).length,
    breakNextLine: () => {
      trouble = 'break';
    },
    loseNextOrder: () => {
      trouble = 'lose';
    },
  };
}
