/** One attempt that has ended. `lost`: the job is in other hands, or will be. */
export interface Ended {
  id: string;
  queue: string;
  task: string;
  outcome: 'succeeded' | 'retrying' | 'failed' | 'dead' | 'cancelled' | 'lost';
  seconds: number;
}

/** Is told of every attempt in this process; must not throw, and takes no time. */
export interface Observer {
  started(queue: string, task: string): void;
  ended(attempt: Ended): void;
}
