import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import { commonErrors, type ErrorCatalogue } from '../errors.ts';
import { nameSchemas } from './named-schemas.ts';
import { describeAccess, securitySchemes } from './reference-access.ts';
import { referencePolicy } from './security-headers.ts';
import type { App } from './server.ts';

export interface ReferenceOptions {
  name: string;
  version: string;
  /** One paragraph for the top of the reference page. */
  description: string;
  errors: readonly ErrorCatalogue[];
  /** Of the scopes. */
  domain: string;
  /** Where `/` leads. Default: the reference page. */
  home?: string;
}

/** The head of the reference page. */
const logo = Buffer.from(
  '<svg xmlns="http://www.w3.org/2000/svg" width="150" height="36" viewBox="0 0 150 36"><text x="4" y="25" font-family="system-ui, sans-serif" font-size="22" font-weight="600" fill="#fff">Labwright</text></svg>',
);

/** OpenAPI 3.1 of all routes that come after it at `/openapi.json`, for people at `/docs`. */
export async function describeRoutes(app: App, options: ReferenceOptions): Promise<void> {
  // Whoever may not use the service may still read what it is: it holds nothing of this laboratory.
  app.addHook('onRoute', (route) => {
    if (route.url === '/docs' || route.url.startsWith('/docs/'))
      route.config = { ...route.config, access: 'public' };
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: `Labwright ${options.name}`,
        version: options.version,
        description: `${options.description}\n\n${errorReference([commonErrors, ...options.errors])}`,
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      components: { securitySchemes },
    },
    transform: ({ schema, url, route }) => {
      const described = {
        ...schema,
        ...describeAccess(route, options.domain),
        ...(route.config?.secretAnswer ? { [keylessMark]: true } : {}),
      };
      const body = schema?.body as object | undefined;
      if (!body || !route.config?.bodyOptional) return { schema: described, url };
      return { schema: { ...described, body: { ...body, [optionalMark]: true } }, url };
    },
    transformObject: (document) => {
      if ('openapiObject' in document)
        return complete(document.openapiObject) as typeof document.openapiObject;
      return document.swaggerObject;
    },
  });
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    theme: { title: `Labwright ${options.name}` },
    logo: { type: 'image/svg+xml', content: logo, href: '/docs' },
    staticCSP: referencePolicy,
  });
  const open = { config: { access: 'public' }, schema: { hide: true } } as const;
  app.get('/openapi.json', open, () => app.swagger());
  app.get('/', open, (_request, reply) => reply.redirect(options.home ?? '/docs'));
}

interface Operation {
  [keylessMark]?: boolean;
  parameters?: unknown[];
  requestBody?: { required?: boolean; content?: Record<string, { schema?: BodySchema }> };
}
/** Set on the schema of a body that may be left out, and taken away again. */
const optionalMark = 'x-may-be-left-out';
/** Set on a route that keeps no answer for an idempotency key, and taken away again. */
const keylessMark = 'x-keyless';
interface BodySchema {
  [optionalMark]?: boolean;
}
interface Document {
  paths?: Record<string, Record<string, Operation> | undefined>;
}

const idempotencyKey = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description:
    'For 24 hours the same key with the same request gets the same answer and changes nothing again; with another request, 422.',
  schema: { type: 'string', minLength: 1, maxLength: 255 },
};

/** What holds for every route and stands in no schema of one: idempotency keys, and bodies that may be left out. */
function complete<D extends object>(document: D): D {
  for (const path of Object.values((document as Document).paths ?? {}))
    for (const [method, operation] of Object.entries(path ?? {})) {
      if (method === 'post' && !operation[keylessMark])
        operation.parameters = [...(operation.parameters ?? []), idempotencyKey];
      delete operation[keylessMark];
      const { requestBody } = operation;
      const schema = requestBody?.content?.['application/json']?.schema;
      if (requestBody && schema?.[optionalMark]) {
        requestBody.required = false;
        delete schema[optionalMark];
      }
    }
  nameSchemas(document);
  return document;
}

/** The table of all errors that a service can answer, for its reference page. What two services share stands once. */
function errorReference(catalogues: readonly ErrorCatalogue[]): string {
  const lines = new Map<string, string>();
  for (const { entries } of catalogues)
    for (const [code, { status, title, remedy }] of Object.entries(entries))
      if (!lines.has(code)) lines.set(code, `| \`${code}\` | ${status} | ${title} | ${remedy} |`);
  return `## Errors\n\n| code | status | meaning | what to do |\n| --- | --- | --- | --- |\n${[...lines.values()].join('\n')}`;
}
