/** The next 1, 2 or 5 times a power of ten: what an axis ends with. */
export function niceTop(value: number): number {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  const factor = [1, 2, 5, 10].find((one) => value <= one * power * (1 + 1e-9)) ?? 10;
  return factor * power;
}

/** `0.2/s`, `14/s`, `3.1k/s` */
export function rate(perSecond: number): string {
  if (perSecond === 0) return '0/s';
  if (perSecond >= 1_000) return `${trim(perSecond / 1_000)}k/s`;
  if (perSecond >= 0.1) return `${trim(perSecond)}/s`;
  return `${trim(perSecond * 60)}/min`;
}

/** `3 ms`, `1.2 s`, `4 min` */
export function latency(seconds: number): string {
  if (seconds < 1) return `${trim(seconds * 1_000)} ms`;
  if (seconds < 120) return `${trim(seconds)} s`;
  if (seconds < 7_200) return `${trim(seconds / 60)} min`;
  return `${trim(seconds / 3_600)} h`;
}

const trim = (value: number) => String(Number(value.toPrecision(2)));

/** `1,204`; with `+` where it is a lower bound. */
export const count = (value: number, more = false) => `${value.toLocaleString()}${more ? '+' : ''}`;
