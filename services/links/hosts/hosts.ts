import { recordAudit } from '@labwright/audit';
import { LinkHost, linkErrors } from '@labwright/contract-hub/links';
import type { Db, Queryable } from '@labwright/kernel/db';
import { currentPrincipal } from '@labwright/kernel/identity';
import { command, rows } from '@labwright/kernel/statement';
import { readHost } from '../links/read-target.ts';

const columns = 'host, note, allowed_by, allowed_by_name, allowed_at';

/** All by `link_hosts_pkey`. */
const find = rows('links.find_host', LinkHost, `SELECT ${columns} FROM link_hosts WHERE host = $1`);
const list = rows(
  'links.list_hosts',
  LinkHost,
  `SELECT ${columns} FROM link_hosts WHERE host > $1 ORDER BY host LIMIT $2`,
);
const upsert = rows(
  'links.allow_host',
  LinkHost,
  `INSERT INTO link_hosts AS h (host, note, allowed_by, allowed_by_name) VALUES ($1, $2, $3, $4)
   ON CONFLICT (host) DO UPDATE SET note = coalesce(excluded.note, h.note) RETURNING ${columns}`,
);
const remove = command('links.refuse_host', 'DELETE FROM link_hosts WHERE host = $1');

/** `host` as `readTarget` writes it. */
export const findHost = (db: Queryable, host: string): Promise<LinkHost | undefined> =>
  db.first(find, [host]);

/** In the order of their names. */
export async function listHosts(
  db: Queryable,
  { limit, cursor = '' }: { limit: number; cursor?: string | undefined },
): Promise<{ hosts: LinkHost[]; next_cursor: string | null }> {
  if (cursor !== '' && readHost(cursor) !== cursor)
    throw linkErrors.problem(
      'invalid_cursor',
      'The cursor is not one of this list. Pass `next_cursor` of an earlier answer unchanged.',
    );
  const found = await db.query(list, [cursor, limit + 1]);
  const hosts = found.slice(0, limit);
  return { hosts, next_cursor: found.length > limit ? (hosts.at(-1)?.host ?? null) : null };
}

/** Allowing it again changes nothing but the note. Throws `invalid_host`. */
export async function allowHost(db: Db, text: string, note: string | undefined): Promise<LinkHost> {
  const host = hostOf(text);
  const { id, name } = currentPrincipal();
  return db.transaction(async (tx) => {
    const before = await findHost(tx, host);
    const after = await tx.first(upsert, [host, note ?? null, id, name]);
    if (!after) throw new Error('INSERT … RETURNING answered no row');
    await recordAudit(tx, { action: 'link_host.allow', subject: `link_host:${host}`, before, after });
    return after;
  });
}

/** Links to it lead nowhere from now on. Throws `link_host_not_found`, `invalid_host`. */
export async function refuseHost(db: Db, text: string): Promise<void> {
  const host = hostOf(text);
  await db.transaction(async (tx) => {
    const before = await findHost(tx, host);
    if ((await tx.execute(remove, [host])) === 0)
      throw linkErrors.problem('link_host_not_found', `Links do not lead to ${host}: it is not allowed.`);
    await recordAudit(tx, { action: 'link_host.refuse', subject: `link_host:${host}`, before });
  });
}

function hostOf(text: string): string {
  const host = readHost(text);
  if (host !== undefined) return host;
  throw linkErrors.problem(
    'invalid_host',
    `"${text}" is no host. Give a name or an address, with a port where it is not the usual one: example.org:8443.`,
  );
}
