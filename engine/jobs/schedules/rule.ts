import { Cron } from 'croner';

/** When a schedule ticks: by the calendar of a time zone, or each so many milliseconds from an anchor. */
export type Rule =
  | { cron: string; zone: string }
  | { everyMs: number /** A tick comes at each whole multiple after it. */; anchor: Date };

export class InvalidSchedule extends Error {
  override readonly name = 'InvalidSchedule';
}

const shortestMs = 1_000;

/**
 * Throws `InvalidSchedule` where the rule cannot be read. Day of month and weekday: where both are given, one of them is
 * enough, as in every cron.
 */
export function checkRule(rule: Rule): void {
  if ('everyMs' in rule) {
    if (!Number.isInteger(rule.everyMs) || rule.everyMs < shortestMs)
      throw new InvalidSchedule(`every is a whole number of milliseconds, ${shortestMs} or more.`);
    return;
  }
  try {
    new Intl.DateTimeFormat('en', { timeZone: rule.zone });
  } catch {
    throw new InvalidSchedule(`"${rule.zone}" is no time zone: give an IANA name such as Europe/Berlin.`);
  }
  try {
    cronOf(rule);
  } catch (error) {
    throw new InvalidSchedule(
      `"${rule.cron}" is no cron expression (minute hour day month weekday, or a second before them): ${(error as Error).message}`,
    );
  }
}

const parsed = new Map<string, Cron>();

/**
 * Daylight saving, as in Vixie cron: where second, minute and hour are numbers, lists or ranges, a time that the clock leaves out comes with the first moment after the gap, and one that
 * it shows twice counts the first time only. With `*` or `/` in one of the three it ticks whenever the clock shows it: not in the gap, in both hours of the overlap.
 */
function cronOf({ cron, zone }: { cron: string; zone: string }): Cron {
  const name = `${zone} ${cron}`;
  const known = parsed.get(name);
  if (known) return known;
  const made = new Cron(cron, {
    timezone: zone,
    paused: true,
    mode: '5-or-6-parts',
    fixedTimeRule: 'no-wildcard',
  });
  if (parsed.size >= 1_000) parsed.clear();
  parsed.set(name, made);
  return made;
}

/** The first tick later than `after`; undefined where none comes any more. */
export function nextTick(rule: Rule, after: Date): Date | undefined {
  if ('everyMs' in rule) {
    const passed = Math.max(0, Math.floor((after.getTime() - rule.anchor.getTime()) / rule.everyMs));
    return new Date(rule.anchor.getTime() + (passed + 1) * rule.everyMs);
  }
  return cronOf(rule).nextRun(after) ?? undefined;
}

/** The newest `most` ticks that are not later than `now`, oldest first. */
export function lastTicks(rule: Rule, now: Date, most: number): Date[] {
  if ('everyMs' in rule) {
    const passed = Math.floor((now.getTime() - rule.anchor.getTime()) / rule.everyMs);
    const first = Math.max(1, passed - most + 1);
    return Array.from(
      { length: Math.max(0, passed - first + 1) },
      (_, index) => new Date(rule.anchor.getTime() + (first + index) * rule.everyMs),
    );
  }
  // A tick has whole seconds; what runs before the next second is not later than now.
  const second = new Date((Math.floor(now.getTime() / 1_000) + 1) * 1_000);
  return cronOf(rule).previousRuns(most, second).reverse();
}
