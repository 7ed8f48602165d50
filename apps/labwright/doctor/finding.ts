/** `trouble`: something does not work. `warning`: it works, and will not for long or not for everybody. */
export type Severity = 'trouble' | 'warning';

export interface Finding {
  /** For programs; never changes its meaning. */
  readonly code: string;
  readonly severity: Severity;
  /** What is wrong, in a sentence. */
  readonly title: string;
  /** What was seen. */
  readonly evidence: readonly string[];
  /** What mends it: a command where there is one. */
  readonly remedy: string;
}
