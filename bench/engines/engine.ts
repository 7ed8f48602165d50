/** A job engine under measurement, in a process of its own. Every job has the same payload and does nothing. */
export interface Engine {
  /** Makes its tables, where they are not there. */
  setUp(): Promise<void>;
  /** Forgets all jobs. */
  clear(): Promise<void>;
  enqueueOne(): Promise<void>;
  /** In as few statements as the engine can. */
  enqueueMany(count: number): Promise<void>;
  /** Carries out so many jobs that are there, `inFlight` at once; resolves when all are recorded as done. */
  drain(count: number, inFlight: number): Promise<void>;
  /** Milliseconds from the call that enqueues a job to the start of its handler, on a worker that idles; so many of them. */
  pickups(count: number): Promise<number[]>;
  /** How many of those to be drained have not begun. */
  left?(): number;
}

/** About 200 bytes as JSON. */
export const payload = {
  sample: 'S-000123',
  plate: 'PLATE-0042',
  well: 'H12',
  note: 'x'.repeat(120),
  volume_ul: 50,
};

/** Counts handlers that began, and tells when there were so many. */
export function counter() {
  let left = 0;
  let done = () => {};
  return {
    expect: (count: number) =>
      new Promise<void>((resolve) => {
        left = count;
        done = resolve;
      }),
    left: () => left,
    tick: () => {
      left -= 1;
      if (left === 0) done();
    },
  };
}

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
