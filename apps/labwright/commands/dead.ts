import { UsageError, wholeNumber } from '@labwright/kernel/command-line';
import type { Command } from '../command-line/command.ts';
import { command } from '../command-line/define.ts';
import { generalOptions } from '../command-line/general-options.ts';
import { listOf, serviceOf, servicesOf } from '../jobs/services.ts';
import { jobColumns } from '../jobs/show.ts';
import type { Job, Many, ServiceName } from '../jobs/types.ts';
import { type Lab, openLab } from '../lab/open-lab.ts';
import { tableText } from '../output/table.ts';
import { count, json } from '../output/words.ts';
import { filters, service } from './jobs.ts';

const list = command({
  name: 'dead',
  summary: 'dead letters: jobs that failed for good, or whose tries are used up',
  options: {
    ...filters,
    limit: { type: 'string', short: 'n', value: 'N', doc: 'at most so many of each service (20)' },
    service,
    ...generalOptions,
  },
  examples: [
    { line: 'dead', says: 'what wants somebody' },
    { line: 'dead --queue device.incubator --error TimeoutError', says: 'those of one kind' },
  ],
  run: async ({ values, terminal }) => {
    const lab = openLab(values, terminal.env);
    const { queue, task, key, error } = values;
    const atMost = wholeNumber('--limit', values.limit ?? '20', { minimum: 1, maximum: 100_000 });
    const query = { queue, task, key, error };
    const place = { path: '/jobs/dead', key: 'jobs', query, atMost };
    const found = await listOf<Job>(lab, servicesOf(values.service), place);
    if (values.json) terminal.say(json(found));
    else if (found.length === 0) terminal.tell('No job is dead.\n');
    else {
      terminal.say(tableText(jobColumns(terminal), found, terminal));
      terminal.tell('labwright jobs show JOB tells why; labwright dead requeue brings them back.\n');
    }
    return 0;
  },
});

type Filter = Partial<Record<keyof typeof filters, string | undefined>>;

const many = (verb: 'requeue' | 'drop', summary: string, done: string) =>
  command({
    name: `dead ${verb}`,
    summary,
    notes: [
      'Those that fit all the filters, a hundred at a time; one alone: labwright jobs requeue, or drop.',
    ],
    options: {
      ...filters,
      all: { type: 'boolean', doc: 'all of them, without a filter' },
      reason: { type: 'string', value: 'TEXT', doc: 'why: kept in the audit trail' },
      service,
      ...generalOptions,
    },
    examples: [
      { line: `dead ${verb} --service device --error TimeoutError`, says: 'those of one kind' },
      { line: `dead ${verb} --all`, says: 'every one of them' },
    ],
    run: async ({ values, terminal }) => {
      const { queue, task, key, error, all } = values;
      const filter = { queue, task, key, error };
      if (!all && Object.values(filter).every((value) => value === undefined))
        throw new UsageError(
          `Which ones? ${Object.keys(filters)
            .map((name) => `--${name}`)
            .join(', ')}, or --all.`,
        );
      const lab = openLab(values, terminal.env);
      const total = { done: 0, left: 0 };
      for (const name of servicesOf(values.service)) {
        for await (const { done: more, left } of batches(lab, name, verb, {
          filter,
          reason: values.reason,
        })) {
          total.done += more;
          total.left += left;
          if (terminal.stderr.isTTY) terminal.tell(`\r${count(total.done, 'job')} ${done}\x1b[K`);
        }
      }
      if (terminal.stderr.isTTY) terminal.tell('\r\x1b[K');
      if (values.json) terminal.say(json(total));
      else {
        const left =
          total.left > 0
            ? `; ${count(total.left, 'other')} left: others were quicker, or a flow wants them`
            : '';
        terminal.say(`${count(total.done, 'job')} ${done}${left}.\n`);
      }
      return 0;
    },
  });

async function* batches(
  lab: Lab,
  name: ServiceName,
  verb: string,
  { filter, reason }: { filter: Filter; reason: string | undefined },
): AsyncGenerator<Many> {
  let cursor: string | null = null;
  do {
    const given = Object.entries({ ...filter, reason, cursor }).filter(
      ([, value]) => value !== undefined && value !== null,
    );
    const answer: Many = await serviceOf(lab, name).send('POST', `/jobs/dead/${verb}`, {
      body: Object.fromEntries(given),
    });
    yield answer;
    cursor = answer.next_cursor;
  } while (cursor !== null);
}

export const deadCommands: Command[] = [
  list,
  many('requeue', 'bring dead letters back, as if they were new', 'brought back'),
  many('drop', 'delete dead letters', 'deleted'),
];
