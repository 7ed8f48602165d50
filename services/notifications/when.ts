import type { Severity } from '@labwright/contract-hub/announce';
import type { digests } from '@labwright/contract-hub/notifications';
import { Cron } from 'croner';

/** When somebody wants to hear of things, as `notification_people` has it. */
export interface Hours {
  time_zone: string;
  quiet_from: string | null;
  quiet_until: string | null;
  digest_at: string;
}

/** Of people who never said anything. */
export const defaultHours: Hours = {
  time_zone: 'UTC',
  quiet_from: null,
  quiet_until: null,
  digest_at: '08:00',
};

/** Whether the IANA database has this zone. */
export function isTimeZone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const clocks = new Map<string, Intl.DateTimeFormat>();

/** HH:MM on the clocks of a zone. */
export function localTime(at: number, zone: string): string {
  let clock = clocks.get(zone);
  if (!clock) {
    clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone,
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    clocks.set(zone, clock);
  }
  return clock.format(at);
}

export function isQuiet(at: number, { time_zone, quiet_from, quiet_until }: Hours): boolean {
  if (quiet_from === null || quiet_until === null) return false;
  const now = localTime(at, time_zone);
  return quiet_from < quiet_until
    ? quiet_from <= now && now < quiet_until
    : quiet_from <= now || now < quiet_until;
}

/** The next time that the clocks of a zone show HH:MM; where they skip it, the first moment after it. */
function next(at: number, zone: string, time: string): number {
  const [hour, minute] = time.split(':').map(Number);
  return nextTick(at, zone, `${minute} ${hour} * * *`);
}

function nextTick(at: number, zone: string, rule: string): number {
  const tick = new Cron(rule, { timezone: zone }).nextRun(new Date(at));
  if (!tick) throw new Error(`The rule ${rule} has no next time`);
  return tick.getTime();
}

const afterQuiet = (at: number, hours: Hours): number =>
  hours.quiet_until !== null && isQuiet(at, hours) ? next(at, hours.time_zone, hours.quiet_until) : at;

/**
 * When a message may leave, and whether it is collected with others. What is critical leaves at once. Times are milliseconds
 * since 1970; a digest that would fall into quiet hours waits for their end.
 */
export function whenToTell(
  now: number,
  hours: Hours,
  severity: Severity,
  digest: (typeof digests)[number],
): { at: number; collected: boolean } {
  if (severity === 'critical') return { at: now, collected: false };
  if (digest === 'none') return { at: afterQuiet(now, hours), collected: false };
  const due =
    digest === 'hourly'
      ? nextTick(now, hours.time_zone, '0 * * * *')
      : next(now, hours.time_zone, hours.digest_at);
  return { at: afterQuiet(due, hours), collected: true };
}
