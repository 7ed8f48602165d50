import { createTestDatabase } from '@labwright/kernel/testing';
import { testTransport } from '../../conformance/index.ts';
import { jobsMigrations } from '../../index.ts';
import { postgresTransport } from './index.ts';

testTransport('PostgreSQL', async () => {
  const database = await createTestDatabase([jobsMigrations]);
  return {
    db: database.db,
    open: () => postgresTransport(database.db),
    carry: async () => async () => {},
    close: () => database.drop(),
  };
});
