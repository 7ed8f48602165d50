import { type Child, startChild } from '../processes/child.ts';
import type { Bench } from '../scenarios/scenario.ts';
import type { EngineName, Order } from './main.ts';

export type EngineProcess = Child<Order>;

/** One process that fills, and another that works: memory and time of the work are not those of the filling. */
export interface EnginePair {
  filler: EngineProcess;
  worker: EngineProcess;
}

export async function startEngine(
  bench: Bench,
  name: EngineName,
  env: Record<string, string>,
): Promise<EnginePair> {
  const start = () => startChild<Order>(bench, { program: 'bench/engines/main.ts', args: [name], env });
  // One after the other: the first one makes the tables.
  const filler = await start();
  return { filler, worker: await start() };
}
