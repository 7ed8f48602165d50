import type { Order } from '../chat/main.ts';
import type { Side } from '../chat/sockets.ts';
import { compared, type Finding, figure } from '../findings.ts';
import { type Child, startChild } from '../processes/child.ts';
import { interleave, timed } from '../rounds.ts';
import { compare, median } from '../stats.ts';
import type { Bench, Scenario } from './scenario.ts';

const program = 'bench/chat/main.ts';
const sockets = 1_000;
const readersEach = sockets / 2;
const perRound = 600;
const atOnce = 64;
const paced = { count: 100, perSecond: 20 };

interface Figures {
  perSecond: number;
  median: number;
  p99: number;
}

/** Messages to a room that a thousand sockets follow. */
export const chat: Scenario = {
  name: 'chat',
  method:
    `${sockets.toLocaleString('en')} sockets in two processes follow one room, and each reads every message of about 200 bytes. Messages a second: ${perRound} a round, ${atOnce} on their way at once, ` +
    `until every socket has read all of them. Delivery: ${paced.count} messages, ${paced.perSecond} a second, from before each is written until each socket has read it, ` +
    'so 99th percentiles are those of 100,000 deliveries. Ours stores every message before it tells anybody; the floor, bare `ws`, sends on what comes in and keeps nothing.',
  limitSeconds: 900,
  run: async (bench: Bench): Promise<Finding[]> => {
    const { settings, signal, say } = bench;
    const count = Math.max(atOnce, Math.round(perRound * settings.share));
    const sides = { ours: await openSide(bench, 'ours'), floor: await openSide(bench, 'floor') };

    const round = async (side: readonly Child<Order>[]): Promise<Figures> => {
      const [writer] = side;
      if (!writer) throw new Error('there is nobody who writes');
      const everybody = (order: Order) => Promise.all(side.map((child) => child.ask<unknown>(order)));
      await everybody({ do: 'forget' });
      const ms = await timed(() =>
        Promise.all([everybody({ do: 'read', count }), writer.ask({ do: 'write', count, atOnce })]),
      );
      await everybody({ do: 'forget' });
      await Promise.all([
        everybody({ do: 'read', count: paced.count }),
        writer.ask({ do: 'pace', ...paced }),
      ]);
      const histograms = await Promise.all(
        side.map((child) => child.ask<Record<number, number>>({ do: 'latencies' })),
      );
      return {
        perSecond: (count / ms) * 1_000,
        median: percentile(histograms, 0.5),
        p99: percentile(histograms, 0.99),
      };
    };

    say(`${sockets} sockets on each side`);
    const measured = await interleave<Side, Figures>(
      { ours: () => round(sides.ours), floor: () => round(sides.floor) },
      { rounds: settings.rounds, signal },
    );
    const of = (side: Side, which: keyof Figures) => measured[side].map((figures) => figures[which]);
    const both = (which: keyof Figures) => compare(of('ours', which), of('floor', which));
    const beside = 'bare `ws`, nothing kept';
    return [
      compared(
        { scenario: 'chat', what: `messages to ${sockets} sockets, ${atOnce} at once`, unit: '/s', beside },
        both('perSecond'),
      ),
      figure({
        scenario: 'chat',
        what: `deliveries of those messages`,
        unit: '/s',
        ours: median(of('ours', 'perSecond')) * sockets,
      }),
      compared(
        { scenario: 'chat', what: `delivery to ${sockets} sockets, median`, unit: 'ms', beside },
        both('median'),
      ),
      compared(
        { scenario: 'chat', what: `delivery to ${sockets} sockets, 99th percentile`, unit: 'ms', beside },
        both('p99'),
      ),
    ];
  },
};

/** A server, and two processes with half of the sockets each. */
async function openSide(bench: Bench, side: Side): Promise<Child<Order>[]> {
  const env: Record<string, string> =
    side === 'ours'
      ? { BENCH_DATABASE_URL: await bench.laboratory.emptyDatabase(bench.scope, 'bench_chat') }
      : {};
  const server = await startChild<Order>(bench, { program, args: ['serve', side], env });
  const port = await server.ask({ do: 'port' });
  const readers: Child<Order>[] = [];
  for (const name of ['a', 'b']) {
    const child = await startChild<Order>(bench, { program, args: ['sockets', name] });
    await child.ask({ do: 'open', side, port, count: readersEach });
    readers.push(child);
  }
  return readers;
}

/** Milliseconds, of histograms by tenths of one. */
function percentile(histograms: readonly Record<number, number>[], share: number): number {
  const sum = new Map<number, number>();
  for (const histogram of histograms)
    for (const [tenths, count] of Object.entries(histogram))
      sum.set(Number(tenths), (sum.get(Number(tenths)) ?? 0) + count);
  const all = [...sum].sort(([a], [b]) => a - b);
  const wanted = share * all.reduce((total, [, count]) => total + count, 0);
  let seen = 0;
  for (const [tenths, count] of all) {
    seen += count;
    if (seen >= wanted) return tenths / 10;
  }
  throw new Error('Nothing was delivered');
}
