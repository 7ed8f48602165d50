/** What may happen to a process, a network or a server. Each resolves when it is over; several may be on at once. */
import type { TestPostgres, TestProxy, Weather } from '@labwright/kernel/testing';
import type { TestRabbit } from '../rabbitmq.ts';
import type { Fighter } from './front.ts';

export interface Field {
  readonly workers: readonly Fighter[];
  readonly relays: readonly Fighter[];
  readonly postgres: TestPostgres;
  readonly rabbit: TestRabbit | undefined;
  /** Ends so many connections of the processes, as an administrator does. */
  terminate(most: number): Promise<void>;
  readonly leaseMs: number;
}

interface Random {
  next(): number;
  below(n: number): number;
}

export interface Fault {
  readonly name: string;
  /** How often it comes beside the others. */
  readonly weight: number;
  /** Of those with the same word one at a time. */
  readonly alone?: string;
  happen(): Promise<void>;
}

const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

export function faultsOn(field: Field, random: Random): Fault[] {
  const { workers, relays, postgres, rabbit, leaseMs } = field;
  const one = <T>(of: readonly T[]): T => {
    const chosen = of[random.below(of.length)];
    if (chosen === undefined) throw new Error('nothing to choose from');
    return chosen;
  };
  const longer = () => leaseMs * (1.2 + random.next());
  const all = [...workers, ...relays];
  const spell = async (network: TestProxy | undefined, weather: Weather, ms: number) => {
    if (!network) return;
    network.weather = weather;
    await pause(ms);
    network.weather = 'pass';
  };
  const networks = (between: 'database' | 'broker'): Omit<Fault, 'alone'>[] => [
    {
      name: `${between}: nothing arrives, and it does later`,
      weight: 2,
      happen: () => spell(one(all)[between], 'hold', random.below(2 * leaseMs)),
    },
    {
      name: `${between}: what is sent vanishes`,
      weight: 2,
      happen: () => spell(one(all)[between], 'drop', random.below(2 * leaseMs)),
    },
    {
      name: `${between}: everything arrives late`,
      weight: 1,
      happen: () => spell(one(all)[between], { delayMs: 20 + random.below(200) }, 2_000),
    },
    { name: `${between}: connections are reset`, weight: 2, happen: async () => one(all)[between]?.reset() },
  ];
  const { disk } = postgres;
  return [
    { name: 'worker: SIGKILL', weight: 4, happen: () => one(workers).process.kill('SIGKILL') },
    { name: 'worker: SIGSTOP beyond its lease', weight: 3, happen: () => one(workers).freeze(longer()) },
    {
      name: 'PostgreSQL: connections are ended',
      weight: 3,
      happen: () => field.terminate(1 + random.below(6)),
    },
    {
      name: 'PostgreSQL: SIGKILL of the process of a connection',
      weight: 1,
      alone: 'postgres',
      happen: async () => {
        await postgres.killBackend();
        await pause(500);
        await postgres.start();
      },
    },
    ...networks('database'),
    ...(disk
      ? [
          {
            name: 'PostgreSQL: its disk is full',
            weight: 2,
            alone: 'postgres',
            happen: async () => {
              await disk.fill();
              await pause(500 + random.below(2_500));
              await disk.free();
              await postgres.start();
            },
          },
        ]
      : []),
    ...(rabbit
      ? [
          { name: 'relay: SIGKILL', weight: 2, happen: () => one(relays).process.kill('SIGKILL') },
          { name: 'relay: SIGSTOP', weight: 1, happen: () => one(relays).freeze(longer()) },
          {
            name: 'RabbitMQ: stopped, and started',
            weight: 1,
            alone: 'rabbit',
            happen: async () => {
              await rabbit.stop();
              await pause(random.below(1_000));
              await rabbit.start();
            },
          },
          {
            name: 'RabbitMQ: SIGKILL, and started',
            weight: 1,
            alone: 'rabbit',
            happen: async () => {
              await rabbit.kill();
              await rabbit.start();
            },
          },
          ...networks('broker'),
        ]
      : []),
  ];
}

/** Lets one fault after the other happen until the time is over, and waits for the last. Answers how often each came. */
export async function rage(
  faults: readonly Fault[],
  random: Random,
  options: { ms: number; onFault(name: string): void },
): Promise<Map<string, number>> {
  const came = new Map<string, number>();
  const busy = new Set<string>();
  const going = new Set<Promise<void>>();
  const until = Date.now() + options.ms;
  // Each once in the beginning, so that a short time has them all; then by weight.
  const first = faults.toSorted(() => random.next() - 0.5);
  const lots = faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault));
  while (Date.now() < until) {
    const fault = first.pop() ?? lots[random.below(lots.length)];
    await pause(50 + random.below(450));
    if (!fault) continue;
    if (fault.alone && busy.has(fault.alone)) {
      first.unshift(fault);
      continue;
    }
    options.onFault(fault.name);
    came.set(fault.name, (came.get(fault.name) ?? 0) + 1);
    if (fault.alone) busy.add(fault.alone);
    const over = fault.happen().finally(() => {
      going.delete(over);
      if (fault.alone) busy.delete(fault.alone);
    });
    // Not before the end: one that fails fails the whole.
    over.catch(() => {});
    going.add(over);
  }
  await Promise.all(going);
  return came;
}
