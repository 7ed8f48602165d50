import pg from 'pg';

/**
 * How values leave the database. Rows go onto the wire as they are, so a timestamp becomes ISO 8601 text here
 * (microseconds kept: a cursor made from it is exact) and a bigint becomes text (ids are strings).
 */
const oids = { int8: 20, timestamptz: 1184, timestamp: 1114, date: 1082, numeric: 1700, xid8: 5069 } as const;

/** `2025-01-01 10:00:00.123456+00` → `2025-01-01T10:00:00.123456Z`; the session's time zone is UTC. */
function timestampToIso(value: string): string {
  const utc = value.endsWith('+00') ? value.slice(0, -3) : value;
  return `${utc.slice(0, 10)}T${utc.slice(11)}Z`;
}

const same = (value: string) => value;

const own = new Map<number, (value: string) => unknown>([
  [oids.int8, same],
  [oids.xid8, same],
  [oids.timestamptz, timestampToIso],
  [oids.timestamp, timestampToIso],
  [oids.date, same],
  [oids.numeric, Number],
]);

export const typeParsers = {
  getTypeParser(oid: number, format?: 'text' | 'binary') {
    const parser = format === 'binary' ? undefined : own.get(oid);
    return parser ?? (pg.types.getTypeParser(oid, format as 'text') as (value: string) => unknown);
  },
};
