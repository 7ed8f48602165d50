import type { FastifyContextConfig, RouteOptions } from 'fastify';
import { roleOf, scopeOf } from './access.ts';

/** The two ways to say who one is. */
export const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'An API token (`lw_…`), or the access token of somebody who signed in.',
  },
  cookie: {
    type: 'apiKey',
    in: 'cookie',
    name: 'labwright_access',
    description:
      'Set by signing in; over https its name begins with `__Host-`. Requests that pages of other sites make are refused.',
  },
} as const;

/** What a route asks for, as OpenAPI 3.1 has it: the least role, and the scope that an API token needs. Empty: nothing. */
export function describeAccess({ method, config = {} }: Route, domain: string) {
  const verb = String(Array.isArray(method) ? method[0] : method);
  const role = roleOf(verb, config);
  if (role === 'public') return { security: [] };
  const scope = scopeOf(verb, config, domain);
  return { security: [{ bearer: [role, ...(scope === null ? [] : [scope])] }, { cookie: [role] }] };
}

interface Route {
  method: RouteOptions['method'];
  config?: FastifyContextConfig;
}
