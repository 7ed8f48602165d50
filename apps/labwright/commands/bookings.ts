import type { Booking, Device } from '@labwright/contract-devices';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { openLab } from '../lab/open-lab.ts';
import { json } from '../output/words.ts';
import { commaList } from './comma-list.ts';

const device = { name: 'DEVICE', doc: 'the id of a device', completes: 'device' } as const;
const workflow = {
  name: 'WORKFLOW',
  doc: 'the id of the workflow that is to hold it',
  completes: 'workflow',
} as const;

export const bookCommand = command({
  name: 'book',
  summary: 'book a free device for a workflow',
  notes: [
    'Workflows book by themselves when they start: this is for work that is done by hand, and any id will do. Booked again by its holder, it is the same booking.',
  ],
  arguments: [device, workflow],
  options: {
    operations: {
      type: 'string',
      value: 'a,b',
      doc: 'what is to be done, so that those who wait know how long',
    },
    ...generalOptions,
  },
  examples: [
    { line: 'book plate-reader-1 by-hand', says: 'yours, until you release it' },
    { line: 'book plate-reader-1 by-hand --operations plate_read,plate_read', says: '… for two readings' },
  ],
  run: async ({ values, words: [id = '', workflowId = ''], terminal }) => {
    const { devices } = openLab(values, terminal.env);
    const operations = commaList(values.operations);
    const answer = await devices.send<{ message: string; booking: Booking; device: Device }>(
      'POST',
      `/devices/${encodeURIComponent(id)}/book`,
      { body: { workflow_id: workflowId, ...(operations.length > 0 ? { operations } : {}) } },
    );
    terminal.say(
      values.json ? json(answer) : `${answer.message}. Fencing token ${answer.booking.fencing_token}.\n`,
    );
    return 0;
  },
});

export const releaseCommand = command({
  name: 'release',
  summary: 'release a device, which goes to the first of its queue',
  notes: [
    'A device that carries out an operation is not released: wait for it, or stop it with labwright devices abort.',
  ],
  arguments: [device, { ...workflow, doc: 'the workflow that holds it' }],
  options: {
    reason: {
      type: 'string',
      value: 'TEXT',
      doc: "why: needed for a booking of somebody else's, where people have accounts",
    },
    ...generalOptions,
  },
  examples: [{ line: 'release plate-reader-1 by-hand', says: 'the next one has it at once' }],
  run: async ({ values, words: [id = '', workflowId = ''], terminal }) => {
    const { devices } = openLab(values, terminal.env);
    const { reason } = values;
    const answer = await devices.send<{
      message: string;
      booking: Booking | null;
      next_booking: Booking | null;
    }>('POST', `/devices/${encodeURIComponent(id)}/release`, {
      body: { workflow_id: workflowId, ...(reason === undefined ? {} : { reason }) },
    });
    terminal.say(values.json ? json(answer) : `${answer.message}.\n`);
    return 0;
  },
});
