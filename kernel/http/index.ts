export { bodyDigest, expireIdempotencyKeys } from './idempotency.ts';
export { answers, NextCursor, nullable, PageQuery, ProblemSchema, Timestamp } from './schemas.ts';
export { type App, createHttpServer, type HttpServer, type Routes } from './server.ts';
