/** A server with the routes of the jobs, and what its tests ask it. */
import assert from 'node:assert/strict';
import { after, before, beforeEach } from 'node:test';
import { auditMigrations, createAudit } from '@labwright/audit';
import { systemClock } from '@labwright/kernel/clock';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { localPrincipal, type Principal, type Role } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { command } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { defineTask, enqueueMany } from '../../index.ts';
import { createJobs, engineMigrations } from '../index.ts';

export let database: TestDatabase;
let server: HttpServer;
let asking: Principal = localPrincipal;
/** Declares the hooks of a test file; each test begins without jobs, asked by whoever sits at this machine. */
export function serveJobs(): void {
  before(async () => {
    database = await createTestDatabase([auditMigrations, ...engineMigrations]);
    const { db } = database;
    const jobs = createJobs({ db });
    const audit = createAudit({ db, log: silentLog, clock: systemClock });
    server = await createHttpServer({
      name: 'test',
      version: '0',
      description: 'test',
      errors: jobs.errors,
      routes: async (app) => {
        await jobs.routes(app);
        await audit.routes(app);
      },
      log: silentLog,
      db,
      metrics: createMetrics('test'),
      authenticate: async () => asking,
      maxEventLoopDelay: 60_000,
    });
  });
  after(async () => {
    await server.close();
    await database.drop();
  });
  beforeEach(async () => {
    asking = localPrincipal;
    await database.db.raw(
      'TRUNCATE jobs, job_attempts, job_queues, job_workers, job_schedules, job_flows, job_flow_nodes, job_figures',
    );
  });
}

/** From now on this one asks, until the test is over. */
export const askAs = (principal: Principal) => {
  asking = principal;
};

// biome-ignore lint/suspicious/noExplicitAny: answers are looked into
export type Body = any;
export async function ask(
  method: 'GET' | 'POST',
  path: string,
  payload?: object,
  headers: Record<string, string> = {},
) {
  const answer = await server.app.inject({ method, url: path, headers, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json() as Body };
}
export async function get(path: string): Promise<Body> {
  const { status, body } = await ask('GET', path);
  assert.equal(status, 200, JSON.stringify(body));
  return body;
}
export const person = (role: Role): Principal => ({
  id: `the-${role}`,
  kind: 'user',
  name: `the ${role}`,
  role,
  scopes: null,
});

export const sum = defineTask({
  name: 'sum',
  args: Type.Object({ n: Type.Integer() }),
  queue: 'sums',
  retryDelayMs: 1,
  maxAttempts: 2,
});
export const secretive = defineTask({ name: 'secretive', args: Type.Unknown(), queue: 'sums' });
export const die = command(
  'test.http.die',
  `UPDATE jobs SET state = (CASE WHEN id % 2 = 0 THEN 'failed' ELSE 'dead' END)::job_state, finished_at = now(), attempts = 2,
     error = jsonb_build_object('name', CASE WHEN id % 3 = 0 THEN 'Rare' ELSE 'Often' END, 'message', 'it broke', 'stack', 'Error: it broke\n at x')`,
);
export async function deadJobs(count: number, options: { key?: string } = {}): Promise<string[]> {
  const jobs = Array.from({ length: count }, (_, n) => ({ args: { n }, ...options }));
  await enqueueMany(database.db, sum, jobs);
  await database.db.execute(die);
  const { jobs: found } = await get('/jobs/dead?limit=100');
  return found.map(({ id }: { id: string }) => id);
}
export async function entries(subject: string) {
  return (await get(`/audit?subject=${encodeURIComponent(subject)}`)).entries as {
    action: string;
    reason: string | null;
    before: Body;
    after: Body;
  }[];
}
