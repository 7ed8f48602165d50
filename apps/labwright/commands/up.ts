import { runProcess } from '@labwright/kernel/process';
import { command } from '../command-line/define.ts';

export const upCommand = command({
  name: 'up',
  summary: 'the whole laboratory in one process (npm start)',
  notes: [
    'PostgreSQL, the three services and, on the first start, a demo laboratory. Settings come from the environment: see "Settings" in README.md.',
  ],
  options: {},
  examples: [
    { line: 'up', says: 'on the usual ports, everything kept in .labwright' },
    { line: 'up > lab.log &', says: 'beside your work; `kill` ends it as Ctrl-C does' },
  ],
  run: async ({ terminal }) => {
    const { up } = await import('../up.ts');
    const { readUpSettings } = await import('../settings.ts');
    // Its PostgreSQL may have much to write at its end.
    await runProcess('Labwright', () => up(readUpSettings(), terminal.say), { stopSeconds: 60 });
    return undefined;
  },
});
