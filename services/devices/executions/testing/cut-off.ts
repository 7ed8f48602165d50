import type { Db } from '@labwright/kernel/db';

/** What does not get through to the database, until it does again. */
export interface Cut {
  all: boolean;
  /** The signs of life of the worker. */
  beats: boolean;
  /** What was refused, by the name of the statement; `transaction` for a whole one. */
  refused: string[];
}

/** A database that a test can take away. */
export function cutOff(db: Db): { db: Db; cut: Cut } {
  const cut: Cut = { all: false, beats: false, refused: [] };
  const through = async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    if (!cut.all && !(cut.beats && name.startsWith('jobs.workers.'))) return work();
    cut.refused.push(name);
    throw new Error('the database is away');
  };
  return {
    cut,
    db: {
      ...db,
      query: (statement, values) => through(statement.name, () => db.query(statement, values)),
      first: (statement, values) => through(statement.name, () => db.first(statement, values)),
      execute: (statement, values) => through(statement.name, () => db.execute(statement, values)),
      transaction: (work, options) => through('transaction', () => db.transaction(work, options)),
    },
  };
}
