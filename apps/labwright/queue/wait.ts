import { span } from '../output/words.ts';

/** The median, and within what nine in ten such waits end. */
export const waitText = (seconds: number | null, p90: number | null): string | null =>
  seconds === null ? null : p90 === null ? span(seconds) : `${span(seconds)} (${span(p90)})`;
