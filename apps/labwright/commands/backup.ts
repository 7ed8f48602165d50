import { duration } from '@labwright/kernel/command-line';
import { command } from '../command-line/define.ts';

const notAll = 3;

export const backupCommand = command({
  name: 'backup',
  summary: 'the whole laboratory as one file, while it works or rests',
  notes: [
    'The databases at one moment, the files of people (also those in a bucket of S3), the secret key and what simulated instruments remember: of LABWRIGHT_HOME, or of the databases that the settings name. Keep it elsewhere, and as secret as the laboratory.',
  ],
  arguments: [
    {
      name: 'FILE',
      doc: 'the file to make; without it labwright-DATE.backup here',
      optional: true,
      completes: 'file',
    },
  ],
  options: {
    wait: { type: 'string', value: 'TIME', doc: 'for a moment in which nobody writes (60s)' },
    'without-files': {
      type: 'boolean',
      doc: 'leave out the files of people: they have a backup of their own. The backup says so',
    },
  },
  examples: [
    { line: 'backup /backups/lab.backup', says: 'also while it works' },
    { line: 'backup verify /backups/lab.backup', says: 'is it whole?' },
  ],
  exitCodes: { [notAll]: 'made, but files were missing before' },
  run: async ({ values, words, terminal }) => {
    const waitMs = duration('--wait', values.wait ?? '60s');
    const stamp = new Date().toISOString().slice(0, 19).replaceAll(':', '-');
    const { backup } = await import('../backup/backup.ts');
    const file = words[0] ?? `labwright-${stamp}.backup`;
    const withoutFiles = values['without-files'] ?? false;
    return (await backup({ file, waitMs, withoutFiles }, terminal.say)) ? undefined : notAll;
  },
});

export const verifyBackupCommand = command({
  name: 'backup verify',
  summary: 'is a backup whole, each byte as it was written?',
  arguments: [{ name: 'FILE', doc: 'the backup', completes: 'file' }],
  options: {},
  examples: [{ line: 'backup verify /backups/lab.backup', says: 'reads all of it, and changes nothing' }],
  run: async ({ words, terminal }) => {
    const { verify } = await import('../backup/backup.ts');
    await verify(words[0] ?? '', terminal.say);
    return undefined;
  },
});

export const restoreCommand = command({
  name: 'restore',
  summary: 'a laboratory from its backup',
  notes: [
    'Into an empty LABWRIGHT_HOME, or into the empty databases that the settings name. Nothing changes before all of it was read and loaded; interrupted, it goes on when it is run again.',
    'Devices that were in use at the moment of the backup are paused: nobody knows what they did since, so a person looks first.',
  ],
  arguments: [{ name: 'FILE', doc: 'the backup', completes: 'file' }],
  options: {
    replace: {
      type: 'boolean',
      doc: 'something is there already: put it aside (databases of yours: delete what is in them)',
    },
    yes: { type: 'boolean', doc: 'do not ask whether that may be' },
    'go-on': { type: 'boolean', doc: 'devices that were in use go on by themselves' },
  },
  examples: [
    { line: 'restore /backups/lab.backup', says: 'then npm start' },
    { line: 'restore /backups/lab.backup --replace --go-on', says: 'in the place of what is here' },
  ],
  run: async ({ values, words, terminal }) => {
    const { restore } = await import('../backup/restore.ts');
    const { replace = false, yes = false, 'go-on': goOn = false } = values;
    await restore({ file: words[0] ?? '', replace, yes, goOn }, terminal);
    return undefined;
  },
});
