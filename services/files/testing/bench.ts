import { createHash } from 'node:crypto';
import { auditMigrations } from '@labwright/audit';
import type { AnnouncedEvent } from '@labwright/contract-hub/announce';
import type { CreateUploadRequest, StoredFile, Upload, UploadTarget } from '@labwright/contract-hub/files';
import { createWorker, jobsMigrations } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import type { Clock } from '@labwright/kernel/clock';
import { systemClock } from '@labwright/kernel/clock';
import type { Db } from '@labwright/kernel/db';
import { createHttpServer } from '@labwright/kernel/http';
import type { Principal, Role } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createTestDatabase, eventually } from '@labwright/kernel/testing';
import { defaultSettings, type FilesDeps, type FilesSettings } from '../deps.ts';
import { createFiles, filesMigrations, type OpenStore } from '../index.ts';
import { openSecret } from '../secret.ts';
import type { FileStore } from '../store.ts';

/** The system's clock, which a test may set forward or back. */
export interface ShiftedClock extends Clock {
  shift(ms: number): void;
}

export interface Reply {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: a test knows what it asked for, and looks.
  readonly body: any;
  readonly headers: Headers;
}

/** The whole domain on a database and a port of its own, with a worker for its jobs. The sweep does not run by itself. */
export interface Bench {
  readonly db: Db;
  readonly dbUrl: string;
  readonly url: string;
  readonly store: FileStore;
  readonly deps: FilesDeps;
  readonly clock: ShiftedClock;
  /** What people were told. */
  readonly told: AnnouncedEvent[];
  ask(method: string, path: string, body?: object, who?: string): Promise<Reply>;
  /** `POST /uploads` for these bytes, as a person, who is `ada` unless named: `name:role`. */
  upload(bytes: Buffer, more?: Partial<CreateUploadRequest>, who?: string): Promise<Upload>;
  send(target: UploadTarget, bytes: Buffer, change?: Record<string, string | null>): Promise<Response>;
  /** Waits until the jobs have done with it. */
  settled(id: string): Promise<StoredFile>;
  close(): Promise<void>;
}

export interface BenchOptions {
  settings?: Partial<FilesSettings>;
  /** Nobody tells that a file is there: as with a store of its own, or after a crash. */
  deaf?: boolean;
}

export async function openBench(open: OpenStore, options: BenchOptions = {}): Promise<Bench> {
  const database = await createTestDatabase([auditMigrations, jobsMigrations, filesMigrations]);
  const { db } = database;
  let shifted = 0;
  const clock: ShiftedClock = {
    now: () => Date.now() + shifted,
    sleep: systemClock.sleep,
    shift: (ms) => {
      shifted += ms;
    },
  };
  const secret = openSecret(db);
  const store = open({ clock, secret });
  const told: AnnouncedEvent[] = [];
  const announcer = { announce: async (_tx: unknown, event: AnnouncedEvent) => void told.push(event) };
  const given = { db, clock, log: silentLog, metrics: createMetrics('hub-service') };
  const module = createFiles(given, {
    store: () => (options.deaf ? deafened(store) : store),
    announcer,
    settings: options.settings ?? {},
  });
  const deps: FilesDeps = { ...given, store, secret, settings: { ...defaultSettings, ...options.settings } };
  await store.start();
  const server = await createHttpServer({
    ...given,
    name: 'hub-service',
    version: '0',
    description: 'Files.',
    routes: module.routes,
    errors: module.errors,
    authenticate: async ({ headers }) => principalOf(String(headers['x-test-as'] ?? 'ada:scientist')),
  });
  const worker = createWorker({
    ...given,
    ...module.jobs,
    transport: postgresTransport(db),
    drainMs: 50,
    concurrency: 20,
  });
  await worker.start();
  const url = `http://127.0.0.1:${await server.listen({ host: '127.0.0.1', port: 0 })}`;

  const ask: Bench['ask'] = async (method, path, body, who) => {
    const answer = await fetch(url + path, {
      method,
      headers: {
        ...(who ? { 'x-test-as': who } : {}),
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    const text = await answer.text();
    return { status: answer.status, body: text === '' ? null : JSON.parse(text), headers: answer.headers };
  };

  return {
    db,
    dbUrl: database.url,
    url,
    store,
    deps,
    clock,
    told,
    ask,
    upload: async (bytes, more, who) => {
      const request = {
        name: 'reading.csv',
        content_type: 'text/csv',
        size: bytes.length,
        sha256: sha256(bytes),
        ...more,
      };
      const { status, body } = await ask('POST', '/uploads', request, who);
      if (status !== 201) throw new Error(`POST /uploads answered ${status}: ${JSON.stringify(body)}`);
      return body;
    },
    send: (target, bytes, change = {}) =>
      sendForm(new URL(target.url, url).href, { ...target.fields, ...change }, bytes),
    settled: (id) =>
      eventually(`${id} is settled`, async () => {
        const { body } = await ask('GET', `/files/${id}`);
        const open = ['expected', 'received'].includes(body.status) || body.results_status === 'pending';
        return open ? undefined : (body as StoredFile);
      }),
    close: async () => {
      await server.close();
      await worker.stop();
      await store.stop();
      await database.drop();
    },
  };
}

export const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex');

export function sendForm(
  url: string,
  fields: Readonly<Record<string, string | null>>,
  bytes: Buffer,
): Promise<Response> {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) if (value !== null) form.append(name, value);
  form.append('file', new Blob([new Uint8Array(bytes)]), 'x');
  return fetch(url, { method: 'POST', body: form });
}

function principalOf(text: string): Principal {
  const [id = 'ada', role = 'scientist'] = text.split(':');
  return { id, kind: 'user', name: id, role: role as Role, scopes: null };
}

const deafened = (store: FileStore): FileStore =>
  store.routes
    ? { ...store, routes: (served) => store.routes?.({ ...served, arrived: async () => {} }) ?? (() => {}) }
    : store;
