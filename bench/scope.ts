/** What was started and has to be ended, in reversed order, whatever happens in between. */
export interface Scope {
  /** Registers how to end something that has just been started. */
  defer(end: () => Promise<unknown> | unknown): void;
}

/** Runs the work and then ends everything that it deferred. What failed is thrown after all has been ended. */
export async function inScope<T>(work: (scope: Scope) => Promise<T>): Promise<T> {
  const ends: (() => Promise<unknown> | unknown)[] = [];
  const faults: unknown[] = [];
  let result: { value: T } | undefined;
  try {
    result = { value: await work({ defer: (end) => ends.push(end) }) };
  } catch (error) {
    faults.push(error);
  }
  for (const end of ends.reverse()) {
    try {
      await end();
    } catch (error) {
      faults.push(error);
    }
  }
  if (faults.length > 1) throw new AggregateError(faults);
  if (!result || faults.length > 0) throw faults[0];
  return result.value;
}
