/** One attempt at a job. */
export interface Attempted {
  readonly id: string;
  readonly queue: string;
  readonly task: string;
}

/** `lost`: the job is in other hands, or will be. */
export type Outcome = 'succeeded' | 'retrying' | 'failed' | 'dead' | 'cancelled' | 'lost';

/** Is told of every attempt in this process; must not throw, and takes no time. */
export interface Observer {
  started(queue: string, task: string): void;
  /** `seconds`: from the start of its handler. */
  ended(attempt: Attempted, outcome: Outcome, seconds: number): void;
}
