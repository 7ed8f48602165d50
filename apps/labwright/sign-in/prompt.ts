import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { Terminal } from '../command-line/terminal.ts';

/** Ctrl-C or Ctrl-D where something was asked. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

/** Asks the person at the terminal, on standard error. What is typed is not shown where it is `hidden`. Throws `Cancelled`. */
export function askPerson(terminal: Terminal, question: string, { hidden = false } = {}): Promise<string> {
  const { stdin, stderr } = terminal;
  const nowhere = new Writable({ write: (_piece, _encoding, done) => done() });
  return new Promise((resolve, reject) => {
    // Hidden, the line is edited all the same: only nothing of it is drawn.
    const asking = createInterface({
      input: stdin,
      output: hidden ? nowhere : stderr,
      terminal: true,
      historySize: 0,
    });
    asking.once('line', (line) => {
      resolve(line);
      asking.close();
    });
    asking.once('SIGINT', () => asking.close());
    asking.once('close', () => {
      if (hidden) terminal.tell('\n');
      // Nothing comes of it where there was a line.
      reject(new Cancelled('Not signed in.'));
    });
    if (hidden) terminal.tell(question);
    else {
      asking.setPrompt(question);
      asking.prompt();
    }
  });
}

/** Everything on standard input, without the line end that `echo` and files put behind it. */
export async function readPiped({ stdin }: Terminal): Promise<string> {
  const pieces: Buffer[] = [];
  for await (const piece of stdin) pieces.push(Buffer.from(piece as Uint8Array | string));
  return Buffer.concat(pieces)
    .toString('utf8')
    .replace(/\r?\n$/, '');
}
