import { type PeopleApi, Person } from '@labwright/contract-hub/people';
import type { Db } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';

const most = 1_000;
const columns = 'id, name, email, role, locked_at IS NOT NULL AS locked';

// Both by the primary key.
const find = rows(
  'accounts.people.find',
  Person,
  `SELECT ${columns} FROM users WHERE id = ANY($1) ORDER BY id`,
);
const page = rows(
  'accounts.people.page',
  Person,
  `SELECT ${columns} FROM users WHERE id > $1 ORDER BY id LIMIT $2`,
);

/** For the other domains of the hub. */
export const peopleApi = (db: Db): PeopleApi => ({
  find: async (ids) => {
    if (ids.length > most) throw new RangeError(`At most ${most} people are looked up at once`);
    return ids.length === 0 ? [] : db.query(find, [ids]);
  },
  page: (after, limit) => db.query(page, [after ?? '', Math.min(limit, most)]),
});
