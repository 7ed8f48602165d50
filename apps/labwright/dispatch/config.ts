import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Handler } from '@labwright/jobs';
import { loadHandlers } from '@labwright/jobs/isolation';
import { duration, UsageError } from '@labwright/kernel/command-line';
import Type, { type Static } from 'typebox';
import { Compile } from 'typebox/compile';
import { LineCounter, parseDocument } from 'yaml';

const Text = Type.String({ minLength: 1 });
const Queue = Type.String({ minLength: 1, maxLength: 100 });
const File = Type.Object(
  {
    handlers: Type.Array(Text, { minItems: 1 }),
    transport: Type.Optional(Type.Enum(['postgres', 'rabbitmq'])),
    broker: Type.Optional(Text),
    database: Type.Optional(Text),
    timeout: Type.Optional(Text),
    jobs: Type.Array(
      Type.Object(
        {
          task: Text,
          queue: Type.Optional(Queue),
          payload: Type.Unknown(),
          expect: Type.Optional(Type.Unknown()),
          retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 100 })),
        },
        { additionalProperties: false },
      ),
      { minItems: 1, maxItems: 1_000 },
    ),
  },
  { additionalProperties: false },
);
const file = Compile(File);

export interface DispatchJob {
  handler: Handler;
  queue: string;
  payload: unknown;
  expect: unknown;
  hasExpectation: boolean;
  retries: number | undefined;
}

export interface DispatchConfig {
  jobs: DispatchJob[];
  queues: string[];
  /** Paths of the modules with the handlers. */
  modules: string[];
  database: string | undefined;
  /** For workers. */
  transport: string[];
  timeoutMs: number;
}

/** Reads what is to be sent. Throws one `UsageError` that names each fault by its path. */
export async function readDispatchConfig(path: string): Promise<DispatchConfig> {
  const content = parse(path);
  // What should not be there is said once, of where it is.
  const faults = file
    .Errors(content)
    .filter(({ message }) => message !== 'schema is false')
    .map(({ instancePath, message, params }) => {
      const unknown = (params as { additionalProperties?: string[] }).additionalProperties;
      return `${place(instancePath)} ${unknown ? `has what it should not: ${unknown.join(', ')}` : message}`;
    });
  if (faults.length > 0) throw wrong(path, faults);
  const config = content as Static<typeof File>;

  const modules = config.handlers.map((module) => resolve(dirname(path), module));
  const handlers = new Map(
    (await loadHandlers(modules.map((module) => pathToFileURL(module).href))).map((one) => [
      one.task.name,
      one,
    ]),
  );
  const jobs: DispatchJob[] = [];
  for (const [index, { task, queue, payload, expect, retries }] of config.jobs.entries()) {
    const handler = handlers.get(task);
    if (!handler) {
      faults.push(
        `jobs[${index}].task: nobody handles ${task}; there are ${[...handlers.keys()].join(', ')}`,
      );
      continue;
    }
    for (const { instancePath, message } of Compile(handler.task.args).Errors(payload))
      faults.push(`jobs[${index}].payload${place(instancePath, '')} ${message}`);
    const hasExpectation = 'expect' in (config.jobs[index] ?? {});
    jobs.push({
      handler,
      queue: queue ?? handler.task.settings.queue,
      payload,
      expect,
      hasExpectation,
      retries,
    });
  }
  if (config.transport === 'rabbitmq' && !(config.broker ?? process.env.BROKER_URL))
    faults.push('broker: which one? amqp://… (or BROKER_URL)');
  if (faults.length > 0) throw wrong(path, faults);
  return {
    jobs,
    modules,
    queues: [...new Set(jobs.map(({ queue }) => queue))],
    database: config.database,
    transport: [
      ...(config.transport ? ['--transport', config.transport] : []),
      ...(config.broker ? ['--broker', config.broker] : []),
    ],
    timeoutMs: duration('timeout', config.timeout ?? '60s'),
  };
}

function parse(path: string): unknown {
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch {
    throw new UsageError(`There is no file ${path} to read (--config).`);
  }
  const lines = new LineCounter();
  const document = parseDocument(source, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0)
    throw wrong(
      path,
      document.errors.map(({ message, pos }) => `line ${lines.linePos(pos[0]).line}: ${message}`),
    );
  return document.toJS() as unknown;
}

/** `/jobs/0/task` as `jobs[0].task`. */
const place = (pointer: string, whole = 'the file') =>
  pointer === ''
    ? whole
    : pointer
        .replaceAll(/\/(\d+)/g, '[$1]')
        .replaceAll('/', '.')
        .replace(/^\./, whole === '' ? '.' : '');

const wrong = (path: string, faults: readonly string[]) =>
  new UsageError(
    `${path} has ${faults.length === 1 ? 'a fault' : `${faults.length} faults`}:\n${faults.map((fault) => `  - ${fault}`).join('\n')}`,
  );
