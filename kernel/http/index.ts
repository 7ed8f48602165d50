export { demandRole } from './access.ts';
export type { VouchedAddress } from './client-address.ts';
export type { Guard } from './guard.ts';
export { bodyDigest, expireIdempotencyKeys } from './idempotency.ts';
export { answers, NextCursor, nullable, PageQuery, ProblemSchema, Timestamp } from './schemas.ts';
export { type App, createHttpServer, type HttpServer, type RegisteredRoute, type Routes } from './server.ts';
