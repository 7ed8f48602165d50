import { UsageError } from '@labwright/kernel/command-line';
import type { Command, CommandTable } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { askLab } from '../completion/ask-lab.ts';
import { complete } from '../completion/complete.ts';
import { scripts, shells } from '../completion/scripts.ts';
import { plain } from '../output/width.ts';

export const completionCommand = command({
  name: 'completion',
  summary: 'commands, options and ids of the laboratory, completed by Tab',
  notes: [
    'Prints what your shell has to read. labwright must be on the path: npm link -w labwright, in the folder of the project, puts it there.',
  ],
  arguments: [{ name: 'SHELL', doc: 'bash, zsh or fish', completes: shells }],
  options: {},
  examples: [
    { line: 'completion bash >> ~/.bashrc', says: 'in every bash from now on' },
    { line: 'completion zsh >> ~/.zshrc', says: '… zsh, behind compinit' },
    { line: 'completion fish > ~/.config/fish/completions/labwright.fish', says: '… fish' },
  ],
  run: async ({ words: [wanted], terminal }) => {
    const shell = shells.find((one) => one === wanted);
    if (!shell) throw new UsageError(`There is completion for bash, zsh and fish, not for "${wanted}".`);
    terminal.say(scripts[shell]);
    return 0;
  },
});

/** `complete -- WORD…`: asked by the scripts above, of the table that it is in. */
export const completeCommand = (table: () => CommandTable): Command => ({
  name: 'complete',
  summary: 'what may come next, for a shell',
  hidden: true,
  options: {},
  examples: [{ line: 'complete -- workflow st', says: 'start, step' }],
  run: async (args, terminal) => {
    const typed = args[0] === '--' ? args.slice(1) : args;
    const { words, files } = await complete(table(), typed, askLab(terminal.env));
    for (const { word, says } of words)
      terminal.say(says ? `${plain(word)}\t${plain(says)}\n` : `${plain(word)}\n`);
    if (files) terminal.say(':files\n');
    return 0;
  },
});
