import { randomBytes } from 'node:crypto';
import pg from 'pg';

/** Three databases without a table, on the server of the tests. */
export async function emptyDatabases(): Promise<{
  urls: { device: string; workflow: string; hub: string };
  drop(): Promise<void>;
}> {
  const server = process.env.LABWRIGHT_TEST_POSTGRES_URL;
  if (!server) throw new Error('LABWRIGHT_TEST_POSTGRES_URL is not set: run tests with `npm test`.');
  const run = randomBytes(4).toString('hex');
  const name = (service: string) => `lw_test_${service}_${run}`;
  const services = ['device', 'workflow', 'hub'] as const;
  const each = async (sql: (database: string) => string) => {
    const client = new pg.Client({ connectionString: server });
    await client.connect();
    try {
      for (const service of services) await client.query(sql(name(service)));
    } finally {
      await client.end();
    }
  };
  await each((database) => `CREATE DATABASE ${database}`);
  const urlOf = (service: string) => {
    const url = new URL(server);
    url.pathname = `/${name(service)}`;
    return url.toString();
  };
  return {
    urls: { device: urlOf('device'), workflow: urlOf('workflow'), hub: urlOf('hub') },
    drop: () => each((database) => `DROP DATABASE IF EXISTS ${database} WITH (FORCE)`),
  };
}
