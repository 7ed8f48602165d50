import { Device, type DeviceStatus } from '@labwright/contract-devices';
import type { Queryable } from '@labwright/kernel/db';
import { rows, type Statement } from '@labwright/kernel/statement';
import type { Static } from 'typebox';
import { decodeCursor, encodeCursor } from '../cursors.ts';
import { deviceColumns } from '../rows.ts';

export interface DeviceFilters {
  status?: Static<typeof DeviceStatus>;
  type?: string;
  /** The name of an operation that the device can do. */
  capability?: string;
}

/** How each filter reads, with its value in parameter `n`. */
const conditions = {
  status: (n: number) => `status = $${n}`,
  type: (n: number) => `type = $${n}`,
  capability: (n: number) => `capabilities @> ARRAY[$${n}::text]`,
};

const filterNames = ['status', 'type', 'capability'] as const;
type FilterName = (typeof filterNames)[number];

/** One statement for each set of filters, so that the planner sees only the conditions that are there. */
function declareList(filters: readonly FilterName[]): Statement<Device> {
  const where = filters.map((filter, index) => ` AND ${conditions[filter](index + 3)}`).join('');
  return rows(
    ['devices.list', ...filters].join('_'),
    Device,
    `SELECT ${deviceColumns} FROM devices
     WHERE deleted_at IS NULL AND id > $1${where}
     ORDER BY id LIMIT $2`,
  );
}

const family = new Map<string, Statement<Device>>();
for (let bits = 0; bits < 1 << filterNames.length; bits += 1) {
  const filters = filterNames.filter((_name, index) => bits & (1 << index));
  family.set(filters.join(), declareList(filters));
}

/** The devices by id. Throws `invalid_cursor`. */
export async function listDevices(
  db: Queryable,
  request: DeviceFilters & { limit: number; cursor?: string },
): Promise<{ devices: Device[]; next_cursor: string | null }> {
  const { limit, cursor } = request;
  const given = filterNames.filter((name) => request[name] !== undefined);
  const [after = ''] = cursor
    ? decodeCursor('devices', cursor, [(id) => typeof id === 'string' && !id.includes('\0')])
    : [];
  const statement = family.get(given.join());
  if (!statement) throw new Error(`no statement lists devices by ${given}`);
  // One row more than asked for tells whether there is a next page.
  const found = await db.query(statement, [after, limit + 1, ...given.map((name) => request[name])]);
  const devices = found.slice(0, limit);
  const last = devices.at(-1);
  return {
    devices,
    next_cursor: found.length > limit && last ? encodeCursor('devices', [last.id]) : null,
  };
}
