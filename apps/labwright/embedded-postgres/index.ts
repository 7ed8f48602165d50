export { claimFolder } from './claim-folder.ts';
export { type Connection, readConnection } from './credentials.ts';
export { ensureDatabase } from './ensure-database.ts';
export { EmbeddedPostgresError, type EmbeddedPostgresErrorCode } from './errors.ts';
export { readPidFile } from './postmaster.ts';
export { inspectProcess } from './processes.ts';
export { type EmbeddedPostgres, type EmbeddedPostgresOptions, startEmbeddedPostgres } from './start.ts';
