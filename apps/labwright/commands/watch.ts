import { duration, UsageError } from '@labwright/kernel/command-line';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { openLab } from '../lab/open-lab.ts';
import { watch } from '../watch/watch.ts';

const { json: _none, ...places } = generalOptions;

export const watchCommand = command({
  name: 'watch',
  summary: 'the laboratory live, over the whole screen',
  notes: [
    'Devices, workflows and queues, redrawn each second. q or Ctrl-C leaves it, Tab goes to the next list, arrows and PgUp, PgDn scroll, r looks at once. Nothing is changed by looking.',
    'One workflow alone: labwright workflow watch. For programs: labwright status --json.',
  ],
  options: { every: { type: 'string', value: 'TIME', doc: 'how often to look (1s)' }, ...places },
  examples: [
    { line: 'watch', says: 'on a screen beside the instruments' },
    { line: 'watch --every 5s --url https://lab.example.org', says: 'a laboratory elsewhere' },
  ],
  run: async ({ values, terminal }) => {
    const everyMs = duration('--every', values.every ?? '1s');
    if (everyMs < 100) throw new UsageError('--every takes at least 100ms.');
    if (!terminal.stdout.isTTY)
      throw new UsageError(
        'watch draws on a terminal, and its output goes elsewhere. For programs: labwright status --json.',
      );
    return watch(openLab(values, terminal.env), terminal, everyMs);
  },
});
