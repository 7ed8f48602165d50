import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { listOf, servicesOf } from '../jobs/services.ts';
import { lockText } from '../jobs/show.ts';
import type { Lock } from '../jobs/types.ts';
import { openLab } from '../lab/open-lab.ts';
import { json } from '../output/words.ts';
import { service } from './jobs.ts';

export const lockListCommand = command({
  name: 'lock list',
  summary: 'the locks that are held, until when, and who waits for them',
  notes: [
    'Those that are kept in the databases of the services; labwright lock run uses that of device-service. Locks in Redis are not seen.',
  ],
  options: { service, ...generalOptions },
  examples: [{ line: 'lock list', says: 'who has what' }],
  run: async ({ values, terminal }) => {
    const lab = openLab(values, terminal.env);
    const found = await listOf<Lock>(lab, servicesOf(values.service), { path: '/locks', key: 'locks' });
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell('No lock is held.\n');
    else terminal.say(lockText(found, terminal));
    return 0;
  },
});
