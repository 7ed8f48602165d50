import type { Finding } from '../findings.ts';
import type { Laboratory } from '../laboratory/laboratory.ts';
import type { Scope } from '../scope.ts';

export interface Settings {
  /** Counted rounds of each comparison. */
  rounds: number;
  /** Rows of `execution_logs`. */
  logs: number;
  /** Jobs of `steady`. */
  jobs: number;
  /** What counts of jobs are multiplied by: below 1 to see that everything runs, never to measure. */
  share: number;
}

export interface Bench {
  readonly laboratory: Laboratory;
  readonly settings: Settings;
  /** Ends what the scenario starts. */
  readonly scope: Scope;
  /** Aborted when the scenario's time is over or the user has had enough. */
  readonly signal: AbortSignal;
  /** Tells a person in one line what goes on. */
  say(line: string): void;
  /** Keeps a remark, in Markdown, that belongs to the findings: what was left out, what was different. */
  note(text: string): void;
}

/** One benchmark: it starts what it needs, and answers what it found. */
export interface Scenario {
  readonly name: string;
  /** How it measures: a sentence or two for the reference page. */
  readonly method: string;
  /** Seconds until it is given up. */
  readonly limitSeconds: number;
  /** Takes minutes: runs where it is named, or with `--all`. */
  readonly onRequest?: boolean;
  run(bench: Bench): Promise<Finding[]>;
}
