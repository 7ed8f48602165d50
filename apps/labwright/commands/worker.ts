import { workerArguments } from '@labwright/worker/options';
import { scaleArguments } from '@labwright/worker/scale-options';
import { type Command, describeOptions, type OptionSpec } from '../command-line/command.ts';

type Words = Pick<OptionSpec, 'doc' | 'value' | 'completes'>;

const ofWorkers: Record<keyof typeof workerArguments, Words> = {
  queues: { value: 'a,b', doc: 'the queues to serve, and no others; required' },
  handlers: { value: 'FILE', doc: 'a module that exports handlers: Handler[]', completes: 'file' },
  concurrency: { value: 'N', doc: 'jobs at once (10)' },
  database: {
    value: 'URL',
    doc: 'where the jobs are: postgres://… (JOBS_DATABASE_URL); without it the laboratory in this folder',
  },
  transport: {
    value: 'NAME',
    doc: 'how jobs come: postgres (default) or rabbitmq',
    completes: ['postgres', 'rabbitmq'],
  },
  broker: { value: 'URL', doc: 'amqp://… of RabbitMQ (BROKER_URL)' },
  isolate: {
    value: 'KIND',
    doc: 'process or thread: each job in a child, for work that keeps a processor busy, hangs or crashes',
    completes: ['process', 'thread'],
  },
  'recycle-jobs': { value: 'N', doc: 'with --isolate: a child is renewed after N jobs' },
  'recycle-mib': { value: 'M', doc: 'with --isolate: … or between two jobs when it has more than M MiB' },
  grace: { value: 'TIME', doc: 'with --isolate: killed when a handler does not stop in that time (5s)' },
  lease: {
    value: 'TIME',
    doc: 'a worker that is silent for so long is taken for dead, and its jobs go to others (10s)',
  },
  drain: {
    value: 'TIME',
    doc: 'how long SIGTERM waits for the jobs in hand before they are handed back (30s)',
  },
  'health-port': { value: 'PORT', doc: '/health, /ready and /metrics, on HOST (127.0.0.1)' },
};

export const workerCommand: Command = {
  name: 'worker',
  summary: 'carry out the jobs of some queues',
  usage: 'worker --queues a,b --handlers FILE [options]',
  notes: [
    'LOG_LEVEL (warn) sets what is logged, as JSON on standard error. SIGTERM or Ctrl-C drains, a second one hands back at once.',
  ],
  options: describeOptions(workerArguments, ofWorkers),
  examples: [
    { line: 'worker --queues images --handlers ./images.ts', says: 'one worker of the queue "images"' },
    {
      line: 'worker --queues device.liquid_handler --handlers apps/device-service/operations.ts',
      says: 'operations of liquid handlers, in a process of their own (DEVICE_WORKERS=0)',
    },
  ],
  exitCodes: { 3: 'ended as asked, and jobs were handed back' },
  run: async (args, terminal) => {
    const { runWorker, workerSettings } = await import('@labwright/worker');
    const { jobsOfThisFolder } = await import('./jobs-of-this-folder.ts');
    // A handler that went on after its job was handed back does not keep the process.
    process.exit(await runWorker(workerSettings([...args], jobsOfThisFolder), terminal.say));
  },
};

export const scaleCommand: Command = {
  name: 'scale',
  summary: 'so many worker processes, kept running',
  usage: 'scale --queue a (--count N | --auto | --status) [options of a worker]',
  notes: [
    'Where nobody supervises workers of these queues here, it stays and does, until Ctrl-C. Else it tells the one that does what is wanted, and ends.',
  ],
  options: describeOptions(scaleArguments, {
    queue: { value: 'NAME', doc: 'the queue; with --queues several' },
    count: { value: 'N', doc: 'so many workers' },
    auto: { doc: 'as many as the backlog asks for' },
    min: { value: 'N', doc: 'with --auto: never fewer (1)' },
    max: { value: 'N', doc: 'with --auto: never more (8)' },
    target: { value: 'TIME', doc: 'with --auto: how long the backlog may take (10s)' },
    calm: { value: 'TIME', doc: 'with --auto: fewer only after so long a calm (60s)' },
    status: { doc: 'show the workers that there are' },
    ...ofWorkers,
  }),
  examples: [
    { line: 'scale --queue images --count 3 --handlers ./images.ts', says: 'stays, and keeps three running' },
    { line: 'scale --queue images --count 5', says: 'in another terminal: now five' },
    { line: 'scale --queue images --status', says: 'how they do' },
    { line: 'scale --queue images --auto --max 8 --target 10s', says: 'from now on by the backlog' },
  ],
  run: async (args, terminal) => {
    const { scale } = await import('@labwright/worker');
    const { jobsOfThisFolder } = await import('./jobs-of-this-folder.ts');
    process.exit(await scale([...args], terminal.say, jobsOfThisFolder));
  },
};
