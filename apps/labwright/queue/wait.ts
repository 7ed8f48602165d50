import type { WaitingReason } from '@labwright/contract-devices';
import { span } from '../output/words.ts';

/** The median, and within what nine in ten such waits end: `2 s to 13 s`. */
export function waitText(seconds: number | null, p90: number | null): string | null {
  if (seconds === null) return null;
  const [usual, long] = [span(seconds), span(p90 ?? seconds)];
  return usual === long ? usual : `${usual} to ${long}`;
}

const besideHolder = new Set<WaitingReason['code']>([
  'entries_ahead',
  'device_in_maintenance',
  'device_paused',
]);

/** Why something waits, in a line. Who holds the device is not told twice, where what it waits for is told too. */
export function reasonsText(reasons: readonly WaitingReason[]): string {
  const told = reasons.some(({ code }) => code !== 'device_busy' && !besideHolder.has(code));
  return reasons
    .filter(({ code }) => code !== 'device_busy' || !told)
    .map(({ text }) => text)
    .join(' ');
}
