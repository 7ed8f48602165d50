import { auditMigrations } from '@labwright/audit';
import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import type { Person } from '@labwright/contract-hub/people';
import type { HistoryEntry, Task } from '@labwright/contract-hub/tasks';
import { createWorker, jobsMigrations } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { type Clock, systemClock } from '@labwright/kernel/clock';
import type { Fault } from '@labwright/kernel/errors';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import type { Principal, Role } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { createTasks, type TasksModule, tasksMigrations } from '../index.ts';

/** What an answer holds, as far as tests look. */
export interface Body extends Task {
  tasks: Task[];
  history: HistoryEntry[];
  next_cursor: string | null;
  events: unknown[];
  code: string;
  detail: string;
  faults: Fault[];
  task: Task;
  allowed: string[];
}

export interface Answer {
  status: number;
  body: Body;
  headers: Record<string, unknown>;
}

/** Operator tasks on a database of their own, with people who say who they are in a header. */
export interface Office {
  readonly database: TestDatabase;
  readonly server: HttpServer;
  readonly module: TasksModule;
  /** What people were told of, in its order. */
  readonly told: AnnouncedEvent[];
  /** What those who looked were shown, in its order. */
  readonly shown: { room: string; type: string; data: unknown }[];
  /** As this person: `ada` is a scientist, `olga` an operator, `adam` an admin, `vera` a viewer, `op-N` operators. */
  ask(
    who: string,
    method: 'GET' | 'POST' | 'PATCH' | 'PUT',
    url: string,
    body?: unknown,
    headers?: Record<string, string>,
  ): Promise<Answer>;
  /** A task made by `ada`. */
  task(given?: Record<string, unknown>): Promise<Task>;
  /** Begins to carry out jobs. */
  work(): Promise<void>;
  stop(): Promise<void>;
}

const staff: Record<string, Role> = { ada: 'scientist', olga: 'operator', adam: 'admin', vera: 'viewer' };
const person = (id: string): Principal => ({
  id,
  kind: 'user',
  name: id.toUpperCase(),
  role: staff[id] ?? 'operator',
  scopes: null,
});

export async function openOffice(
  options: { people?: readonly Person[]; clock?: Clock; connections?: number } = {},
): Promise<Office> {
  const database = await createTestDatabase([auditMigrations, jobsMigrations, ...tasksMigrations], {
    max: options.connections ?? 10,
  });
  const { db } = database;
  const told: AnnouncedEvent[] = [];
  const shown: Office['shown'] = [];
  const { people } = options;
  const given = {
    db,
    log: silentLog,
    metrics: createMetrics('hub-service'),
    clock: options.clock ?? systemClock,
  };
  const module = createTasks(given, {
    announcer: { announce: async (_tx, event) => void told.push(event) },
    live: { publish: (room, event) => void shown.push({ room, ...event }) },
    ...(people
      ? {
          people: {
            find: async (ids) => people.filter(({ id }) => ids.includes(id)),
            page: async () => [...people],
          },
        }
      : {}),
  });
  await module.start();
  const server = await createHttpServer({
    ...given,
    ...module,
    version: '0',
    description: 'Tasks.',
    maxEventLoopDelay: 60_000,
    authenticate: async ({ headers }) =>
      typeof headers['x-who'] === 'string' ? person(headers['x-who']) : undefined,
  });
  const worker = createWorker({
    db,
    log: silentLog,
    ...module.jobs,
    transport: postgresTransport(db),
    drainMs: 50,
  });
  const office: Office = {
    database,
    server,
    module,
    told,
    shown,
    ask: async (who, method, url, body, headers = {}) => {
      const payload = body === undefined ? {} : { payload: body as object };
      const answer = await server.app.inject({
        method,
        url,
        headers: { 'x-who': who, ...headers },
        ...payload,
      });
      return { status: answer.statusCode, body: answer.json(), headers: answer.headers };
    },
    task: async (given = {}) => {
      const answer = await office.ask('ada', 'POST', '/tasks', { title: 'Check the seals', ...given });
      if (answer.status !== 201) throw new Error(JSON.stringify(answer.body));
      return answer.body;
    },
    work: () => worker.start(),
    stop: async () => {
      await server.close();
      await worker.stop();
      await module.stop();
      await database.drop();
    },
  };
  return office;
}
