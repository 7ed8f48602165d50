import { availableParallelism } from 'node:os';
import { celeryVersion, startCelery } from '../celery/python.ts';
import { compared, type Finding } from '../findings.ts';
import { findRabbit } from '../laboratory/neighbours.ts';
import { startChild } from '../processes/child.ts';
import type { Order } from '../rabbitmq/main.ts';
import { allQueues } from '../rabbitmq/names.ts';
import { interleave } from '../rounds.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const ourTasks = 10_000;
const celeryTasks = 2_000;
const atOnce = 32;
const inFlight = 50;

/** The same task, called and waited for, by Celery and by us. */
export const celery: Scenario = {
  name: 'celery',
  method:
    'A task that does nothing with 200 bytes is called again and again by one process, carried out by another, and the caller waits for all results; over one RabbitMQ. Celery: ' +
    `\`delay()\` and \`get()\` with publisher confirms and the \`rpc://\` backend, a prefork worker with as many processes as there are processors, queues as it makes them (not ` +
    `replicated), ${celeryTasks.toLocaleString('en')} tasks a round. Ours: \`enqueue\`, ${atOnce} at once, and \`waitForJobs\`, with relay and worker in the other process, quorum queue, everything recorded in ` +
    `PostgreSQL, ${ourTasks.toLocaleString('en')} a round.`,
  limitSeconds: 600,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { laboratory, scope, settings, signal, say } = bench;
    const version = celeryVersion();
    const server = version === undefined ? undefined : await findRabbit(scope);
    if (!server) {
      bench.note(
        `It was left out: no ${version === undefined ? 'Celery is installed' : 'RabbitMQ answered'}.`,
      );
      return [];
    }
    bench.note(`Celery ${version}, ${server.version}.`);
    const queue = `labwright.${server.namespace}.celery`;
    for (const name of [queue, ...allQueues(server.namespace)]) server.forget(name);
    const env = {
      BENCH_DATABASE_URL: await laboratory.emptyDatabase(scope, 'bench_celery'),
      BENCH_AMQP_URL: server.url,
      BENCH_NAMESPACE: server.namespace,
    };
    const start = () => startChild<Order>(bench, { program: 'bench/rabbitmq/main.ts', args: ['ours'], env });
    const caller = await start();
    const worker = await start();
    await worker.ask({ do: 'serve', inFlight });
    const python = startCelery(scope, server.url, queue, availableParallelism(), signal);

    say('calls');
    const share = (count: number) => Math.max(200, count * settings.share);
    const rates = await interleave(
      {
        ours: async () => {
          const count = share(ourTasks);
          return (count / (await caller.ask({ do: 'call', count, atOnce }))) * 1_000;
        },
        celery: async () => {
          const count = share(celeryTasks);
          return (count / (await python.round(count))) * 1_000;
        },
      },
      { rounds: settings.rounds, signal },
    );
    return [
      compared(
        { scenario: 'celery', what: 'called, carried out, answered', unit: '/s', beside: 'Celery' },
        compare(rates.ours, rates.celery),
        { atLeast: 1 },
      ),
    ];
  },
};
