import { randomBytes } from 'node:crypto';
import type { Db } from '@labwright/kernel/db';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';

const make = command(
  'files.make_secret',
  'INSERT INTO file_signing (secret) VALUES ($1) ON CONFLICT DO NOTHING',
);
const read = rows(
  'files.read_secret',
  Type.Object({ secret: Type.String() }),
  'SELECT secret FROM file_signing',
);

/** What policies and links are signed with: the same in all processes of this database, and for good. */
export function openSecret(db: Db): () => Promise<string> {
  let known: string | undefined;
  return async () => {
    if (known === undefined) {
      await db.execute(make, [randomBytes(32).toString('base64url')]);
      known = (await db.first(read))?.secret;
      if (known === undefined) throw new Error('There is no secret to sign with.');
    }
    return known;
  };
}
