import type { Manifest } from './contents.ts';
import { readLaboratory } from './laboratory.ts';
import { makeBackup } from './make-backup.ts';
import { verifyBackup } from './verify.ts';

/** `labwright backup`. Answers false where files were missing before. */
export async function backup(
  options: { file: string; waitMs: number; withoutFiles: boolean },
  say: (text: string) => void,
): Promise<boolean> {
  const made = await makeBackup(readLaboratory(), options);
  const { lost } = made.files;
  say(
    `${options.file}: the laboratory as it was at ${made.takenAt}, ${figure(made.rows)} rows and ${figure(made.files.count)} files in ${figure(made.bytes)} bytes.\n` +
      'It holds passwords and keys: keep it where nobody else can read it, and not on this disk alone.\n',
  );
  say(withoutWhich(made.files));
  if (made.removed.length > 0)
    say(`Removed, as the backups that wrote them were ended by force: ${made.removed.join(', ')}\n`);
  if (lost.length === 0) return true;
  say(
    `${figure(lost.length)} files are on record and were missing or changed in their storage already; they are not in it: ${lost.slice(0, 10).join(', ')}${lost.length > 10 ? ' …' : ''}\n`,
  );
  return false;
}

/** `labwright backup verify`. */
export async function verify(file: string, say: (text: string) => void): Promise<void> {
  const { head, manifest } = await verifyBackup(file);
  const rows = Object.values(manifest.rows).reduce((sum, count) => sum + count, 0);
  say(
    `${file} is whole: the laboratory as it was at ${head.taken_at}, by Labwright ${head.version}; ${figure(rows)} rows and ${figure(manifest.files.count)} files.\n`,
  );
  say(withoutWhich(manifest.files));
}

const withoutWhich = ({ left_out }: Manifest['files']) =>
  left_out
    ? `The files of people are NOT in it, as it was made --without-files: ${figure(left_out.count)} on record, ${figure(left_out.bytes)} bytes. Back them up where they lie, or they are lost with that place.\n`
    : '';

const figure = (value: number) => value.toLocaleString('en-US');
