import { command } from '../command-line/define.ts';

const database = {
  type: 'string',
  value: 'URL',
  doc: 'where the jobs are: postgres://… (JOBS_DATABASE_URL); without it the laboratory in this folder',
} as const;

export const dispatchCommand = command({
  name: 'dispatch',
  summary: 'send the jobs of a file at once, collect and check what comes of them',
  options: {
    config: { type: 'string', value: 'FILE', doc: 'the jobs, as YAML; required', completes: 'file' },
    workers: { type: 'string', value: 'N', doc: 'start so many workers of each queue (0)' },
    database,
  },
  examples: [
    {
      line: 'dispatch --config examples/two-tasks/test-config.yml --workers 1',
      says: 'the example, with its workers',
    },
  ],
  run: async ({ values, terminal }) => {
    const { dispatch } = await import('../dispatch/dispatch.ts');
    return dispatch(values, terminal.say);
  },
});

export const loadTestCommand = command({
  name: 'load-test',
  summary: 'throughput and latency with one number of workers, then with the next',
  options: {
    tasks: { type: 'string', value: 'N', doc: 'how many in all (200)' },
    workers: { type: 'string', value: '1,3', doc: 'workers of each queue, one number after the other (1,3)' },
    concurrency: { type: 'string', value: 'N', doc: 'tasks that a worker carries out at once (1)' },
    config: {
      type: 'string',
      value: 'FILE',
      doc: 'the tasks, as YAML (examples/two-tasks)',
      completes: 'file',
    },
    timeout: { type: 'string', value: 'TIME', doc: 'for each number of workers (5m)' },
    database,
  },
  examples: [{ line: 'load-test --tasks 200 --workers 1,3', says: 'what three workers bring' }],
  run: async ({ values, terminal }) => {
    const { loadTest } = await import('../load-test/load-test.ts');
    return loadTest(values, terminal.say);
  },
});
