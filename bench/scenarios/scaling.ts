import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { type Finding, figure } from '../findings.ts';
import { root } from '../laboratory/production.ts';
import type { Bench, Scenario } from './scenario.ts';

const tasks = 200;
const workers = [1, 3] as const;

/** The load test that a user runs, before and after scaling. */
export const scaling: Scenario = {
  name: 'scaling',
  method:
    `\`labwright load-test --tasks ${tasks} --workers ${workers.join(',')}\`: the two tasks of \`examples/two-tasks\` (100 ms and 200 ms, a queue each) in turn, with ${workers[0]} worker process a queue ` +
    `and with ${workers[1]}, one task at a time each. Ideal are 10 and 30 tasks a second; the slower queue decides.`,
  limitSeconds: 300,
  run: async ({ laboratory, scope, settings, signal }: Bench): Promise<Finding[]> => {
    const url = await laboratory.emptyDatabase(scope, 'bench_scaling');
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [
        'apps/labwright/main.ts',
        'load-test',
        ...['--tasks', String(Math.max(20, tasks * settings.share))],
        ...['--workers', workers.join(',')],
        ...['--database', url],
      ],
      { cwd: root, env: { PATH: process.env.PATH, ...laboratory.production }, signal },
    );
    const rates = printed(stdout, 'tasks a second');
    const slowest = printed(stdout, '99 % within');
    const line = (what: string, unit: '/s' | 'ms', [one, more]: [number, number]): Finding => ({
      ...figure({ scenario: 'scaling', what, unit, ours: more }),
      beside: { what: `with ${workers[0]}`, value: one },
      ratio: more / one,
    });
    const each = `${workers[1]} workers a queue`;
    return [
      line(`two tasks, ${each}`, '/s', rates),
      line(`two tasks, ${each}: 99 % from sent to done within`, 'ms', [
        slowest[0] * 1_000,
        slowest[1] * 1_000,
      ]),
    ];
  },
};

/** The figures of a line of the report, before and after. Throws where it is not there. */
function printed(report: string, line: string): [number, number] {
  const found = report.split('\n').find((text) => text.trim().startsWith(line));
  const [one, more] = (found?.slice(found.indexOf(line) + line.length).match(/\d+(\.\d+)?/g) ?? [])
    .slice(-workers.length)
    .map(Number);
  if (one === undefined || more === undefined)
    throw new Error(`The load test printed no "${line}":\n${report}`);
  return [one, more];
}
