import type { Queryable } from '@labwright/kernel/db';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { mentionedIn, mostMentions } from './handles.ts';

/** Primary key. Two people of one name are both meant. */
const find = rows(
  'chat.find_mentioned',
  Type.Object({ principal_id: Type.String() }),
  `SELECT DISTINCT principal_id FROM chat_handles WHERE handle = ANY ($1::text[]) ORDER BY principal_id LIMIT $2`,
);

/** Ids of the people whom the text names with `@name`, in the order of ids. */
export async function findMentioned(db: Queryable, text: string): Promise<string[]> {
  const handles = mentionedIn(text);
  if (handles.length === 0) return [];
  const found = await db.query(find, [handles, 2 * mostMentions]);
  return found.map(({ principal_id }) => principal_id);
}
