import type { Writable } from 'node:stream';

export interface ProgressBar {
  update(done: number): void;
  /** Draws it full, and goes to the next line. */
  end(): void;
}

interface ProgressOptions {
  out?: Writable & { isTTY?: boolean; columns?: number };
  /** How a number of them is written. */
  figure?: (number: number) => string;
}

const wholeFigure = (number: number) => number.toLocaleString('en');
const redrawnEveryMs = 50;

/** Progress on standard error: a bar that redraws itself on a terminal, a line each tenth elsewhere. */
export function progressBar(
  what: string,
  total: number,
  { out = process.stderr, figure = wholeFigure }: ProgressOptions = {},
): ProgressBar {
  const startedAt = performance.now();
  let told = -1;
  let drawnAt = -Infinity;
  const draw = (done: number) => {
    const share = total === 0 ? 1 : Math.min(1, done / total);
    const now = performance.now();
    const seconds = (now - startedAt) / 1000;
    const left = share > 0.02 && share < 1 ? `, ${Math.ceil((seconds / share) * (1 - share))} s left` : '';
    const text = `${figure(done)} of ${figure(total)} ${what}${left}`;
    if (out.isTTY) {
      if (share < 1 && now - drawnAt < redrawnEveryMs) return;
      drawnAt = now;
      const room = Math.max(10, Math.min(30, (out.columns ?? 80) - text.length - 4));
      const filled = Math.round(share * room);
      out.write(`\r[${'#'.repeat(filled)}${'-'.repeat(room - filled)}] ${text}\x1b[K`);
    } else if (Math.floor(share * 10) > told) {
      told = Math.floor(share * 10);
      out.write(`${text}\n`);
    }
  };
  return {
    update: draw,
    end: () => {
      draw(total);
      if (out.isTTY) out.write('\n');
    },
  };
}

/** `812 B`, `1.4 MB`. */
export function bytes(number: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'] as const;
  const power = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, number)) / 3)));
  const value = number / 1_000 ** power;
  return `${power === 0 ? value : value.toFixed(value < 10 ? 1 : 0)} ${units[power]}`;
}
