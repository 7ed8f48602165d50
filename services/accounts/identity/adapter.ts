import { createHash } from 'node:crypto';
import type { Db } from '@labwright/kernel/db';
import type { Statement } from '@labwright/kernel/statement';
import { type CustomAdapter, createAdapterFactory } from 'better-auth/adapters';

type Where = NonNullable<Parameters<CustomAdapter['count']>[0]['where']>;
type Row = Record<string, unknown>;

/**
 * better-auth on the connections that we have, with our time types, plans and errors. It brings its own SQL, so what is made here is
 * not declared and not checked ahead like ours: only tables and columns that our configuration names get into it, values are parameters.
 */
export const databaseAdapter = (db: Db) =>
  createAdapterFactory({
    config: {
      adapterId: 'labwright',
      adapterName: 'Labwright',
      supportsBooleans: true,
      // They leave our connections as ISO 8601.
      supportsDates: false,
      supportsJSON: true,
      supportsNumericIds: false,
    },
    adapter: () => methods(db),
  });

function methods(db: Db): CustomAdapter {
  const query = <T>(text: string, values: readonly unknown[]) => db.query(statement<T>(text), values);
  const change = (text: string, values: readonly unknown[]) => db.execute(statement(text), values);
  return {
    create: async <T extends Row>({ model, data }: { model: string; data: T }) => {
      const columns = Object.keys(data);
      const places = columns.map((_, index) => `$${index + 1}`);
      const [made] = await query<T>(
        `INSERT INTO ${name(model)} (${columns.map(name)}) VALUES (${places}) RETURNING *`,
        Object.values(data),
      );
      if (!made) throw new Error(`${model}: nothing was made`);
      return made;
    },
    findOne: async <T>({ model, where }: { model: string; where: Where }) => {
      const { text, values } = condition(where);
      const [found] = await query<T>(`SELECT * FROM ${name(model)}${text} LIMIT 1`, values);
      return found ?? null;
    },
    findMany: async <T>(given: Parameters<CustomAdapter['findMany']>[0]) => {
      const { text, values } = condition(given.where ?? []);
      const order = given.sortBy
        ? ` ORDER BY ${name(given.sortBy.field)} ${given.sortBy.direction === 'asc' ? 'ASC' : 'DESC'}`
        : '';
      const [limit, offset] = [values.length + 1, values.length + 2];
      return query<T>(
        `SELECT * FROM ${name(given.model)}${text}${order} LIMIT $${limit}::bigint OFFSET $${offset}::bigint`,
        [...values, given.limit, given.offset ?? 0],
      );
    },
    update: async <T>({ model, where, update }: { model: string; where: Where; update: T }) => {
      const { text, values } = assignment(model, where, update as Row);
      const [changed] = await query<T>(`${text} RETURNING *`, values);
      return changed ?? null;
    },
    updateMany: async ({ model, where, update }) => {
      const { text, values } = assignment(model, where, update);
      return change(text, values);
    },
    delete: async ({ model, where }) => {
      const { text, values } = condition(where);
      await change(`DELETE FROM ${name(model)}${text}`, values);
    },
    deleteMany: async ({ model, where }) => {
      const { text, values } = condition(where);
      return change(`DELETE FROM ${name(model)}${text}`, values);
    },
    count: async ({ model, where }) => {
      const { text, values } = condition(where ?? []);
      const [found] = await query<{ count: string }>(`SELECT count(*) FROM ${name(model)}${text}`, values);
      return Number(found?.count ?? 0);
    },
  };
}

/** The same text has the same name, and its plan is kept; there are about as many texts as calls in better-auth's code. */
function statement<T>(text: string): Statement<T> {
  return {
    name: `better_auth.${createHash('sha256').update(text).digest('hex').slice(0, 24)}`,
    text,
    schema: null,
  };
}

function name(identifier: string): string {
  if (!/^[a-z_]{1,63}$/.test(identifier))
    throw new Error(`"${identifier}" is no table or column of this domain`);
  return `"${identifier}"`;
}

function assignment(model: string, where: Where, update: Row) {
  const columns = Object.keys(update);
  const { text, values } = condition(where, columns.length);
  const set = columns.map((column, index) => `${name(column)} = $${index + 1}`);
  return { text: `UPDATE ${name(model)} SET ${set}${text}`, values: [...Object.values(update), ...values] };
}

const comparisons: Record<string, string> = { eq: '=', ne: '<>', lt: '<', lte: '<=', gt: '>', gte: '>=' };

/** Searching in texts (`contains`, …) is for the administration that better-auth offers, which is not ours. */
function condition(where: Where, taken = 0): { text: string; values: unknown[] } {
  const values: unknown[] = [];
  const parts = where.map(({ field, operator, value, connector }, index) => {
    const column = name(field);
    const link = index === 0 ? '' : ` ${connector === 'OR' ? 'OR' : 'AND'} `;
    if (value === null && (operator === 'eq' || operator === 'ne'))
      return `${link}${column} IS ${operator === 'ne' ? 'NOT ' : ''}NULL`;
    values.push(value);
    const place = `$${taken + values.length}`;
    if (operator === 'in') return `${link}${column} = ANY(${place})`;
    if (operator === 'not_in') return `${link}${column} <> ALL(${place})`;
    const comparison = comparisons[operator ?? 'eq'];
    if (!comparison) throw new Error(`The comparison "${operator}" is not made here`);
    return `${link}${column} ${comparison} ${place}`;
  });
  return { text: parts.length > 0 ? ` WHERE ${parts.join('')}` : '', values };
}
