import type { Ledger } from './ledger.ts';

/** What a worker tells its supervisor. */
export type Report =
  | { type: 'ready' }
  /** On record as a worker under this id. */
  | { type: 'joined'; id: string }
  | { type: 'figures'; done: number; busyMs: number; running: number }
  /** Ends, because it was told to or because its supervisor is gone. */
  | { type: 'drains' };

const everyMs = 500;

export interface Supervision {
  tell(report: Report): void;
  /** Tells its figures now and then. */
  watch(ledger: Ledger): void;
  /** Resolves where the supervisor has ended. */
  readonly gone: Promise<void>;
}

/** The link to the supervisor that started this process; undefined where nobody did. */
export function supervision(): Supervision | undefined {
  if (!process.send || process.env.LABWRIGHT_SUPERVISED !== '1') return undefined;
  const tell = (report: Report) => void process.send?.(report, undefined, {}, () => {});
  return {
    tell,
    watch: (ledger) => {
      const figures = () =>
        tell({
          type: 'figures',
          done: ledger.done,
          busyMs: ledger.busyMs(),
          running: ledger.running().length,
        });
      setInterval(figures, everyMs).unref();
      process.once('exit', figures);
    },
    gone: new Promise((resolve) => process.once('disconnect', resolve)),
  };
}
