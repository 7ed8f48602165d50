import { fastify } from 'fastify';
import pg from 'pg';
import { followIndexes, readDay } from './logs.ts';
import { bookSql, releaseSql } from './statements.ts';

/**
 * The floor of what a request can cost over HTTP: bare Fastify without schemas, logs, metrics or error pages, and
 * one named statement a request on a pool as large as the service's. A booking keeps the same rows and indexes.
 */
interface Claim {
  Params: { id: string };
  Body: { workflow_id: string };
}

const pool = new pg.Pool({ connectionString: process.env.DEVICE_DATABASE_URL, max: 10 });
const reader = new pg.Pool({
  connectionString: process.env.DEVICE_DATABASE_URL,
  max: 4,
  options: followIndexes,
});
const app = fastify();

app.post<Claim>('/devices/:id/book', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'book',
    text: bookSql,
    values: [request.params.id, request.body.workflow_id],
  });
  if (rows.length === 0) return reply.code(409).send({ error: 'busy' });
  return reply.code(201).send({ booking: rows[0] });
});

app.post<Claim>('/devices/:id/release', async (request, reply) => {
  const { rows } = await pool.query({
    name: 'release',
    text: releaseSql,
    values: [request.params.id, request.body.workflow_id],
  });
  if (rows.length === 0) return reply.code(403).send({ error: 'not the holder' });
  return { booking: rows[0] };
});

app.get<{ Querystring: { start: string } }>('/execution-logs/search', async (request) => ({
  execution_logs: (await readDay(reader, request.query.start)).slice(0, 50),
}));

/** A redirect that looks nothing up. */
app.get<{ Params: { code: string } }>('/s/:code', (request, reply) =>
  reply.redirect(`/pages/sample/${request.params.code}`, 302),
);

await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
const port = typeof address === 'object' && address ? address.port : 0;
process.stdout.write(`${JSON.stringify({ port, msg: 'the service listens' })}\n`);

process.once('SIGTERM', async () => {
  await app.close();
  await Promise.all([pool.end(), reader.end()]);
});
