import type { Terminal } from '../command-line/terminal.ts';
import { bytes, progressBar } from '../progress.ts';

/** What is so small that nobody sees it go needs no bar. */
const smallBytes = 1_000_000;

export interface TransferBar {
  /** So many bytes in all so far. */
  update(done: number): void;
  /** Whole or broken off: goes to the next line. */
  end(): void;
}

/** How far a file has come, on standard error. */
export function transferBar(what: string, size: number, { stderr }: Terminal): TransferBar {
  const bar = size > smallBytes ? progressBar(what, size, { out: stderr, figure: bytes }) : undefined;
  let last = 0;
  return {
    update: (done) => {
      last = done;
      bar?.update(done);
    },
    end: () => {
      if (last === size) bar?.end();
      else if (bar && stderr.isTTY) stderr.write('\n');
    },
  };
}
