import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  fastify,
  LogController,
  type RawServerDefault,
  type RouteOptions,
} from 'fastify';
import Type from 'typebox';
import { contextFromHeaders, enterContext } from '../context.ts';
import type { Db } from '../db.ts';
import { commonErrors, type ErrorCatalogue } from '../errors.ts';
import { type Authenticate, type Role, trustThisMachine } from '../identity.ts';
import type { Log } from '../log.ts';
import type { InNetworks } from '../networks.ts';
import { httpMetrics, type Metrics } from '../telemetry.ts';
import { checkAccess, roleOf, scopeOf } from './access.ts';
import { findClients, type VouchedAddress } from './client-address.ts';
import type { Guard } from './guard.ts';
import { honourIdempotencyKeys } from './idempotency.ts';
import { loggedUrl, pathOf } from './logged-url.ts';
import { backPressure } from './pressure.ts';
import { refuseUnreadable, sendProblem } from './problems.ts';
import { readinessOf } from './readiness.ts';
import { receiveBodies } from './receiving.ts';
import { describeRoutes } from './reference.ts';
import { sendSecurityHeaders } from './security-headers.ts';
import { unusedConnections } from './unused-connections.ts';
import { schemaCompiler } from './validation.ts';

/** A Fastify instance whose schemas are TypeBox: one schema validates, types and documents. */
export type App = FastifyInstance<
  RawServerDefault,
  import('node:http').IncomingMessage,
  import('node:http').ServerResponse,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

/** The routes of a service, registered on its server. */
export type Routes = (app: App) => Promise<void> | void;

export interface HttpServerOptions {
  name: string;
  version: string;
  /** One paragraph for the top of the reference page. */
  description: string;
  log: Log;
  db: Db;
  metrics: Metrics;
  routes: Routes;
  errors: readonly ErrorCatalogue[];
  /** Further checks of `/ready` beside the database; each throws where the service can't do its work. */
  readiness?: Record<string, () => Promise<void>>;
  /** Requests in hand at once before 503. */
  maxInFlight?: number;
  /** Default: whoever sits at this machine, and nobody else. */
  authenticate?: Authenticate;
  /** Proxies that are believed when they say for whom they ask. Default: none. */
  trustedProxies?: InNetworks | undefined;
  /** The address of a client for whom another service of this laboratory passes a request on. Default: nobody's word is taken. */
  vouched?: VouchedAddress | undefined;
  /** Of the scopes that API tokens need here: `devices` in `devices:read`. Default: the name of the service. */
  domain?: string;
  /** Where `/` leads. Default: the reference page. */
  home?: string;
  /** Looks at each request beside that. */
  guard?: Guard;
  /** Milliseconds a body may take to arrive; 30,000. */
  bodyTimeout?: number;
  /** Milliseconds the event loop may lag behind before 503. */
  maxEventLoopDelay?: number;
}

/** A route as it was registered, also one that the reference does not show. */
export interface RegisteredRoute {
  readonly method: string;
  /** With `:name` where a value stands. */
  readonly url: string;
  /** The least role, and what an API token must be for. */
  readonly role: 'public' | Role;
  readonly scope: string | null;
}

export interface HttpServer {
  readonly app: App;
  readonly routes: readonly RegisteredRoute[];
  /** Resolves with the port that is really open. */
  listen(address: { host: string; port: number }): Promise<number>;
  /** Stops accepting, answers what is in hand, closes. Idempotent. */
  close(): Promise<void>;
}

const bodyLimit = 1_048_576;

/**
 * A server with everything that is the same in all services: problems as errors, request ids and traces,
 * OpenAPI 3.1 at `/openapi.json`, a reference page at `/docs`, `/health`, `/ready`, `/metrics`, idempotency
 * keys on every POST, and 503 with Retry-After before it falls over.
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const app = fastify({
    loggerInstance: options.log as FastifyBaseLogger,
    // `onResponse` below writes one line a request instead of two.
    // Every line carries the request id already, by the context: no logger of its own for each request.
    childLoggerFactory: (logger) => logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit,
    requestTimeout: 0,
    // Headers and bodies have time limits of their own; a peer that vanished without a word is noticed.
    http: { headersTimeout: 20_000, keepAlive: true, keepAliveInitialDelay: 60_000 },
    frameworkErrors: (error, request, reply) => {
      sendProblem(error, request, reply);
    },
    clientErrorHandler: refuseUnreadable,
    keepAliveTimeout: 65_000,
    forceCloseConnections: 'idle',
    genReqId: (request) => {
      const context = contextFromHeaders(request.headers);
      enterContext(context);
      return context.request_id;
    },
    return503OnClosing: true,
    routerOptions: { maxParamLength: 300 },
  }).withTypeProvider<TypeBoxTypeProvider>();

  app.setValidatorCompiler(schemaCompiler());
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply));
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      commonErrors.problem('route_not_found', `There is no ${request.method} ${pathOf(request)}. See /docs.`),
      request,
      reply,
    ),
  );
  // First: whatever looks at an address, looks at that of the client.
  findClients(app as unknown as App, { trusted: options.trustedProxies, vouched: options.vouched });
  sendSecurityHeaders(app as unknown as App);
  receiveBodies(app, options.bodyTimeout ?? 30_000);
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id);
  });
  app.addHook('onResponse', async (request, reply) => {
    request.log.info(
      {
        method: request.method,
        url: loggedUrl(request),
        status: reply.statusCode,
        ms: Math.round(reply.elapsedTime * 100) / 100,
      },
      'request',
    );
  });

  let closing: Promise<void> | undefined;
  // A connection that was busy when the closing began would otherwise be kept alive, and hold the closing up.
  app.addHook('onSend', async (_request, reply, payload) => {
    if (closing) reply.header('connection', 'close');
    return payload;
  });
  const unused = unusedConnections(app.server);
  // Right before the server takes no connections any more.
  app.addHook('preClose', async () => unused.end());

  const domain = options.domain ?? options.name;
  const registered: RouteOptions[] = [];
  app.addHook('onRoute', (route) => void registered.push(route));
  httpMetrics(app, options.metrics, options.db);
  backPressure(app, {
    maxInFlight: options.maxInFlight ?? 1_000,
    maxEventLoopDelay: options.maxEventLoopDelay ?? 2_000,
  });
  options.guard?.(app);
  checkAccess(app, { authenticate: options.authenticate ?? trustThisMachine, domain });
  honourIdempotencyKeys(app, options.db, options.log);
  // After the checks, which hold for its pages too.
  await describeRoutes(app as unknown as App, { ...options, domain });
  await app.register(probes(options));
  await app.register((async (scope) => {
    await options.routes(scope as unknown as App);
  }) as FastifyPluginAsync);
  await app.ready();

  return {
    app,
    // Only now: a scope adds its domain to a route after it was seen here.
    routes: registered.flatMap(({ method, url, config = {} }) =>
      [method].flat().map((verb) => ({
        method: verb,
        url,
        role: roleOf(verb, config),
        scope: scopeOf(verb, config, domain),
      })),
    ),
    listen: async ({ host, port }) => {
      await app.listen({ host, port });
      const address = app.server.address();
      return typeof address === 'object' && address ? address.port : port;
    },
    close: () => {
      closing ??= app.close();
      return closing;
    },
  };
}

function probes(options: HttpServerOptions): FastifyPluginAsync {
  const readiness = readinessOf({ database: () => options.db.ping(), ...options.readiness });
  return async (app) => {
    app.get(
      '/health',
      {
        config: { exempt: true },
        schema: {
          summary: 'The process lives',
          tags: ['operation'],
          response: { 200: Type.Object({ status: Type.Literal('healthy') }) },
        },
      },
      () => ({ status: 'healthy' }),
    );
    const Ready = Type.Object({
      status: Type.String(),
      checks: Type.Record(Type.String(), Type.String()),
    });
    app.get(
      '/ready',
      {
        config: { exempt: true },
        schema: {
          summary: 'The service can do its work',
          tags: ['operation'],
          response: { 200: Ready, 503: Ready },
        },
      },
      async (_request, reply) => {
        const checks = await readiness();
        const ready = Object.values(checks).every((outcome) => outcome === 'ok');
        if (!ready) reply.code(503).header('retry-after', '2');
        return { status: ready ? 'ready' : 'not ready', checks };
      },
    );
    app.get(
      '/metrics',
      {
        config: { exempt: true },
        schema: { summary: 'Prometheus metrics', tags: ['operation'], produces: ['text/plain'] },
      },
      async (_request, reply) => {
        reply.type(options.metrics.registry.contentType);
        return options.metrics.registry.metrics();
      },
    );
  };
}
