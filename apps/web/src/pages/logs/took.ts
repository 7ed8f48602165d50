import { duration } from '../../ui/times.ts';

/** `350 ms`, `4.2 s`, `3 min 5 s`; a dash while it runs. */
export function took(ms: number | null): string {
  if (ms === null) return '–';
  if (ms < 1_000) return `${ms} ms`;
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)} s` : duration(ms / 1_000);
}
