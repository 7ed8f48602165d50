import { createWorker } from '@labwright/jobs';
import { postgresTransport } from '@labwright/jobs/transports/postgres';
import { systemClock } from '@labwright/kernel/clock';
import { openDb } from '@labwright/kernel/db';
import { createHttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { createFiles } from '../index.ts';
import { diskStore } from '../stores/disk/index.ts';

/** A process with files and nothing else, for what is looked at from outside: memory, and ends without a word. */
const { DATABASE_URL: url = '', FOLDER: folder = '' } = process.env;
const db = openDb({ url, applicationName: 'files' });
const given = { db, clock: systemClock, log: silentLog, metrics: createMetrics('hub-service') };
const files = createFiles(given, { store: (with_) => diskStore({ ...with_, folder }) });
await files.start();
const server = await createHttpServer({ ...given, ...files, version: '0', description: 'Files.' });
const worker = createWorker({ ...given, ...files.jobs, transport: postgresTransport(db), concurrency: 50 });
await worker.start();
const port = await server.listen({ host: '127.0.0.1', port: 0 });
process.stdout.write(`listens on ${port}\n`);
