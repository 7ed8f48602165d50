import { span } from '../output/words.ts';

/** The median, and within what nine in ten such waits end: `2 s to 13 s`. */
export function waitText(seconds: number | null, p90: number | null): string | null {
  if (seconds === null) return null;
  const [usual, long] = [span(seconds), span(p90 ?? seconds)];
  return usual === long ? usual : `${usual} to ${long}`;
}
