import { writeFile } from 'node:fs/promises';
import type { Command, CommandTable } from '../command-line/command.ts';
import { referencePage } from '../command-line/reference.ts';

/** For `npm run docs:command-line`. */
export const referenceCommand = (table: () => CommandTable): Command => ({
  name: 'reference',
  summary: 'every command as one page of Markdown',
  hidden: true,
  options: {},
  arguments: [{ name: 'FILE', doc: 'where it goes; without it to standard output', optional: true }],
  examples: [{ line: 'reference docs/reference/command-line.md', says: 'as npm run docs:command-line does' }],
  run: async ([file], terminal) => {
    const page = referencePage(table());
    if (file === undefined) terminal.say(page);
    else await writeFile(file, page);
    return 0;
  },
});
