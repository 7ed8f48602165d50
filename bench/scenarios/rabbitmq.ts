import { compared, type Finding } from '../findings.ts';
import { findRabbit, type RabbitServer } from '../laboratory/neighbours.ts';
import { type Child, startChild } from '../processes/child.ts';
import type { Order } from '../rabbitmq/main.ts';
import { allQueues } from '../rabbitmq/names.ts';
import { interleave } from '../rounds.ts';
import { compare } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const perRound = 15_000;
const batch = 1_000;
const inFlight = 50;

/** Jobs whose messages go by way of RabbitMQ. */
export const rabbitmq: Scenario = {
  name: 'rabbitmq',
  method:
    `Jobs of about 200 bytes that do nothing, ${perRound.toLocaleString('en')} a round, over a RabbitMQ of this machine. Relay: from committed rows to confirmed messages; floor: a bare loop that ` +
    'claims 500 rows, publishes their ids, and waits for the confirms before it claims the next. Done: from messages that lie with the broker until all are recorded ' +
    'in PostgreSQL; end to end: from the first that is asked for. Floor of both: bare `amqplib` on a quorum queue with confirms, a prefetch of as many, ' +
    'acknowledged one by one, nothing recorded. Relay and worker are one process, as `labwright worker --transport rabbitmq` is.',
  limitSeconds: 900,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { settings, signal, scope, say } = bench;
    const server = await findRabbit(scope);
    if (!server) {
      bench.note('It was left out: no RabbitMQ answered.');
      return [];
    }
    bench.note(`The broker was ${server.version}.`);
    for (const queue of allQueues(server.namespace)) server.forget(queue);
    const ours = await startSide(bench, server, 'ours');
    const floor = await startSide(bench, server, 'floor');
    const count = Math.max(batch, Math.round((perRound * settings.share) / batch) * batch);
    const rate = async (ms: Promise<number>) => (count / (await ms)) * 1_000;
    const endToEnd = (side: Child<Order>) => rate(side.ask({ do: 'endToEnd', count, batch, inFlight }));

    say('relay, and work');
    type Figures = { relay: number; work: number };
    const steps = await interleave<'ours' | 'floor', Figures>(
      {
        ours: async () => {
          await ours.ask({ do: 'fill', count, batch });
          const relay = await rate(ours.ask({ do: 'relay' }));
          return { relay, work: await rate(ours.ask({ do: 'work', count, inFlight })) };
        },
        floor: async () => {
          await floor.ask({ do: 'fill', count, batch });
          const relay = await rate(floor.ask({ do: 'relay' }));
          await floor.ask({ do: 'purge' });
          await floor.ask({ do: 'publish', count });
          return { relay, work: await rate(floor.ask({ do: 'work', count, inFlight })) };
        },
      },
      { rounds: settings.rounds, signal },
    );
    say('end to end');
    const whole = await interleave(
      { ours: () => endToEnd(ours), floor: () => endToEnd(floor) },
      { rounds: settings.rounds, signal },
    );

    const line = (what: string, beside: string) => ({
      scenario: 'rabbitmq',
      what,
      unit: '/s' as const,
      beside,
    });
    const of = (side: 'ours' | 'floor', which: keyof Figures) => steps[side].map((figures) => figures[which]);
    const raw = 'bare `amqplib`';
    return [
      compared(
        line('relayed to the broker, confirmed', 'bare claim-and-publish loop'),
        compare(of('ours', 'relay'), of('floor', 'relay')),
        { atLeast: 0.8 },
      ),
      compared(
        line(`done from the broker, ${inFlight} at once`, raw),
        compare(of('ours', 'work'), of('floor', 'work')),
      ),
      compared(line(`end to end, ${inFlight} at once`, raw), compare(whole.ours, whole.floor), {
        atLeast: 0.6,
      }),
    ];
  },
};

/** A process that talks to the broker, with a database of its own. */
async function startSide(bench: Bench, server: RabbitServer, side: 'ours' | 'floor'): Promise<Child<Order>> {
  const BENCH_DATABASE_URL = await bench.laboratory.emptyDatabase(bench.scope, `bench_rabbitmq_${side}`);
  return startChild<Order>(bench, {
    program: 'bench/rabbitmq/main.ts',
    args: [side],
    env: { BENCH_DATABASE_URL, BENCH_AMQP_URL: server.url, BENCH_NAMESPACE: server.namespace },
  });
}
