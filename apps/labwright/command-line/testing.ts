import { PassThrough } from 'node:stream';
import { openTerminal, type Terminal } from './terminal.ts';

export interface TestTerminal extends Terminal {
  /** What was written so far. */
  said(): string;
  told(): string;
}

/** A terminal that keeps what is written; with `columns` it passes for one that people look at. */
export function testTerminal(
  options: { env?: Record<string, string>; columns?: number; rows?: number; input?: string } = {},
): TestTerminal {
  const { env = {}, columns, rows = 24, input = '' } = options;
  const keep = () => {
    const stream = Object.assign(
      new PassThrough(),
      columns === undefined ? {} : { isTTY: true, columns, rows },
    );
    let text = '';
    stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
    return { stream, text: () => text };
  };
  const out = keep();
  const err = keep();
  const stdin = new PassThrough();
  stdin.end(input);
  return {
    ...openTerminal({ env, stdin, stdout: out.stream, stderr: err.stream }),
    said: out.text,
    told: err.text,
  };
}
