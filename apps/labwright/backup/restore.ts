import { createInterface } from 'node:readline/promises';
import type { Terminal } from '../command-line/terminal.ts';
import { readLaboratory, settingsToTell } from './laboratory.ts';
import { type Restored, restoreBackup } from './restore/restore-backup.ts';

const word = 'replace';

export interface RestoreOptions {
  file: string;
  /** What is there may be put aside. */
  replace: boolean;
  /** Without asking. */
  yes: boolean;
  /** Devices that were in use go on by themselves. */
  goOn: boolean;
}

/** `labwright restore`. */
export async function restore(
  options: RestoreOptions,
  terminal: Pick<Terminal, 'say' | 'stdin' | 'stderr'>,
): Promise<void> {
  const laboratory = readLaboratory();
  const restored = await restoreBackup(laboratory, {
    file: options.file,
    goOn: options.goOn,
    mayReplace: async (occupied) => {
      const there = occupied.join('; ');
      if (!options.replace)
        throw new Error(
          `There is something already: ${there}. Restore into an empty place, or put it aside with --replace.`,
        );
      if (options.yes) return true;
      const lost = laboratory.urls
        ? `What is in the databases is deleted${laboratory.bucket ? '; files in the bucket that the backup does not know are swept when the laboratory runs again' : ''}`
        : 'It is put aside, not deleted';
      const question = `There is something already: ${there}. ${lost}. Type "${word}" to go on: `;
      return (await ask(terminal, question)) === word;
    },
  });
  terminal.say(told(restored, laboratory.home));
}

function told({ takenAt, rows, files, held, aside, head, leftOut, wentOn }: Restored, home: string): string {
  if (wentOn) return `The restore into ${home} that was interrupted is at its end now.\n`;
  const lines = [
    `The laboratory is as it was at ${takenAt}: ${rows.toLocaleString('en-US')} rows and ${files.toLocaleString('en-US')} files. Start it: npm start`,
  ];
  if (held.length > 0)
    lines.push(
      `These devices were in use at that moment, and are paused: ${held.join(', ')}. Nobody knows here what they did since. Look what stands in each, then let it go on: PATCH /devices/ID {"paused": false}`,
    );
  if (aside) lines.push(`What was here before lies in ${aside}; delete it when you do not need it any more.`);
  const here = settingsToTell();
  const other = Object.entries(head.settings).filter(([name, value]) => here[name] !== value);
  if (other.length > 0)
    lines.push(`It was set otherwise there: ${other.map(([name, value]) => `${name}=${value}`).join(' ')}`);
  if (head.files !== 'here')
    lines.push(
      `The backup was made without ${leftOut ? `${leftOut.count.toLocaleString('en-US')} files that are on record` : 'its files'}. They lay in ${placeOf(head)}: bring them back there before you start it, or they cannot be opened.`,
    );
  return `${lines.join('\n')}\n`;
}

const placeOf = ({ files, settings }: Restored['head']) =>
  files === 's3' ? `the bucket ${settings.S3_BUCKET ?? ''}`.trimEnd() : 'the folder of files';

async function ask({ stdin, stderr }: Pick<Terminal, 'stdin' | 'stderr'>, question: string): Promise<string> {
  if (!stdin.isTTY)
    throw new Error('Nobody can be asked here whether it may be replaced: say so with --yes.');
  const asked = createInterface({ input: stdin, output: stderr });
  try {
    return (await asked.question(question)).trim();
  } finally {
    asked.close();
  }
}
