import { nullable } from '@labwright/kernel/http';
import { roles } from '@labwright/kernel/identity';
import Type, { type Static } from 'typebox';

/** Somebody with an account, as the other domains know them. */
export const Person = Type.Object(
  {
    id: Type.String({ description: 'The principal.' }),
    name: Type.String(),
    email: nullable(Type.String()),
    role: Type.Enum(roles),
    locked: Type.Boolean({ description: 'May not sign in.' }),
  },
  { title: 'Person' },
);
export type Person = Static<typeof Person>;

/** Who has an account. */
export interface PeopleApi {
  /** Those of these ids that have one, ordered by id; ids of nobody are left out. At most 1,000 ids. */
  find(ids: readonly string[]): Promise<Person[]>;
  /** The next `limit` (1,000 at most) after this id, ordered by id; null begins. Locked people are among them. */
  page(after: string | null, limit: number): Promise<Person[]>;
}
