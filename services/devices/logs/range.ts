import { deviceErrors } from '@labwright/contract-devices';

/** A span of time in microseconds since 1970: `from` belongs to it, `until` does not. */
export interface TimeRange {
  from: bigint;
  until: bigint;
}

const microsPerMinute = 60_000_000n;
const microsPerDay = 1_440n * microsPerMinute;
/** The years 1 to 9999: what ISO 8601 can write with four digits. */
const earliest = -62_135_596_800_000_000n;
const latest = 253_402_300_799_999_999n;

const form =
  /^(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?(Z|[+ -]\d{2}(?::?\d{2})?)?)?$/i;

/**
 * The span that `start` and `end` name. A date such as `2025-01-01` is the whole day in UTC, so an `end` of
 * `2025-01-02` takes in all of 2 January. A time is ISO 8601, with its offset or else in UTC; it is exact to the
 * microsecond, and an `end` takes in that very instant. Where one is missing, the span is open on that side.
 * Throws `invalid_range`.
 */
export function timeRange(given: { start?: string | undefined; end?: string | undefined }): TimeRange {
  const start = given.start === undefined ? undefined : instant('start', given.start);
  const end = given.end === undefined ? undefined : instant('end', given.end);
  const from = start?.micros ?? earliest;
  const until = end ? end.micros + (end.wholeDay ? microsPerDay : 1n) : latest;
  if (from >= until)
    throw invalid('start', `start (${given.start}) is after end (${given.end}): exchange them.`);
  return { from: clamp(from), until: clamp(until) };
}

/** ISO 8601 in UTC with six digits of a second, as the database writes and reads it. */
export function microsToIso(micros: bigint): string {
  const milliseconds = micros / 1_000n - (micros % 1_000n < 0n ? 1n : 0n);
  const rest = micros - milliseconds * 1_000n;
  return new Date(Number(milliseconds)).toISOString().replace('Z', `${rest.toString().padStart(3, '0')}Z`);
}

/** The reverse for what the database wrote: `2025-01-01T10:00:00.123456Z`, with up to six digits of a second. */
export function isoToMicros(iso: string): bigint {
  const [seconds = '', fraction = ''] = iso.replace('Z', '').split('.');
  return BigInt(Date.parse(`${seconds}Z`)) * 1_000n + BigInt(fraction.padEnd(6, '0').slice(0, 6));
}

export const isRepresentable = (micros: bigint) => micros >= earliest && micros <= latest;

function clamp(micros: bigint): bigint {
  if (micros < earliest) return earliest;
  return micros > latest ? latest : micros;
}

function instant(name: 'start' | 'end', text: string): { micros: bigint; wholeDay: boolean } {
  const parts = form.exec(text.trim());
  if (!parts)
    throw invalid(
      name,
      `${name} is "${text}": give a date such as 2025-01-31 or a time such as 2025-01-31T09:30:00Z.`,
    );
  const [, year, month, day, hour, minute, second, fraction, offset] = parts;
  const date = new Date(0);
  date.setUTCFullYear(Number(year), Number(month) - 1, Number(day));
  const onCalendar = date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (!onCalendar || year === '0000')
    throw invalid(name, `${name} is "${text}", and there is no such day in the calendar.`);
  const midnight = BigInt(date.getTime()) * 1_000n;
  if (hour === undefined) return { micros: midnight, wholeDay: true };
  if (Number(hour) > 23 || Number(minute) > 59 || Number(second ?? 0) > 59)
    throw invalid(name, `${name} is "${text}", and there is no such time of day.`);
  const minutes = BigInt(hour) * 60n + BigInt(minute ?? 0) - offsetMinutes(name, text, offset);
  const micros = BigInt(second ?? 0) * 1_000_000n + BigInt((fraction ?? '').padEnd(6, '0').slice(0, 6));
  return { micros: midnight + minutes * microsPerMinute + micros, wholeDay: false };
}

/** Minutes east of Greenwich. A `+` that was not encoded in the URL arrives as a space. */
function offsetMinutes(name: 'start' | 'end', text: string, offset: string | undefined): bigint {
  if (offset === undefined || offset.toUpperCase() === 'Z') return 0n;
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0');
  const hours = Number(digits.slice(0, 2));
  const minutes = Number(digits.slice(2));
  if (hours > 23 || minutes > 59)
    throw invalid(name, `${name} is "${text}", and there is no such offset from UTC.`);
  return BigInt(hours * 60 + minutes) * (offset.startsWith('-') ? -1n : 1n);
}

function invalid(name: 'start' | 'end', detail: string) {
  return deviceErrors.problem('invalid_range', detail, {
    faults: [{ path: `querystring.${name}`, message: detail }],
  });
}
