/** No route of any service is open by accident: each one refuses nobody, whoever has too low a role, and a token for something else. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { HttpServer, RegisteredRoute } from '@labwright/kernel/http';
import { roles } from '@labwright/kernel/identity';
import { openLab, sayWho, type TestLab } from './testing/lab.ts';

/** What anybody may ask, in any service. A route that is added here is a decision; one that is not here and open is a fault. */
const open = [
  'GET /',
  'GET /health',
  'GET /metrics',
  'GET /openapi.json',
  'GET /ready',
  // The pages of the reference: what the product can do, and nothing of this laboratory.
  'GET /docs',
  'GET /docs/',
  'GET /docs/json',
  'GET /docs/static/*',
  'GET /docs/static/index.html',
  'GET /docs/static/swagger-initializer.js',
  'GET /docs/yaml',
];

/** What only the hub has for whoever is not known yet. */
const openInHub = [
  // How somebody becomes known: with a password, a code, an invitation, the setup token.
  'POST /session',
  'POST /session/second-factor',
  'POST /invitations/accept',
  'GET /setup',
  'POST /setup',
  // By the refresh token; the access token may be over.
  'POST /session/refresh',
  'DELETE /session',
  'GET /.well-known/jwks.json',
  // Whoever holds a label may follow it: it tells where it leads, and what is there asks for a role.
  'GET /s/:code',
  // The pages of the web UI: what the product can show, and nothing of this laboratory.
  'GET /ui',
  'GET /ui/*',
  'GET /ui/assets/*',
  'GET /ui/static/*',
  // Signed policies and links, which are checked there, allow one file each.
  'POST /uploads/form',
  'PATCH /uploads/resumable/:id',
  'GET /files/:id/content',
];

/** The gateway: what stands there is in the reference of the other service, which checks roles and scopes itself. */
const isGateway = ({ url }: RegisteredRoute) => url.startsWith('/api/');

let lab: TestLab;
before(async () => {
  lab = await openLab({ identity: sayWho });
});
after(() => lab.close());

const nameOf = ({ method, url }: RegisteredRoute) => `${method} ${url}`;
/** Ids of nothing: whoever is let in finds nothing there. */
const pathOf = (url: string) =>
  url.replaceAll(/:\w+(\([^)]*\))?/g, '00000000-0000-4000-8000-000000000000').replace('*', 'none');

const ask = async (server: HttpServer, route: RegisteredRoute, authorization?: string) => {
  const answer = await server.app.inject({
    method: route.method as 'GET',
    url: pathOf(route.url),
    headers: authorization ? { authorization } : {},
  });
  const body = /json/.test(String(answer.headers['content-type'])) && answer.body !== '' ? answer.json() : {};
  return {
    status: answer.statusCode,
    code: body.code as string | undefined,
    detail: body.detail as string | undefined,
  };
};

for (const index of [0, 1, 2])
  test(`every route of ${['device-service', 'workflow-service', 'hub-service'][index]}`, async (t) => {
    const service = lab.services[index];
    assert.ok(service);
    const { server, name } = service;
    const guarded = server.routes.filter(({ role }) => role !== 'public');
    const asked = server.routes.filter(({ method }) => method !== 'HEAD');

    await t.test('what is open is on the list, and nothing else', () => {
      const found = asked.filter(({ role }) => role === 'public').map(nameOf);
      const allowed = [...open, ...(name === 'hub-service' ? openInHub : [])];
      assert.deepEqual(
        found.filter((route) => !allowed.includes(route)),
        [],
      );
    });

    await t.test('nobody is refused with 401', async () => {
      assert.ok(guarded.length > 2);
      for (const route of guarded) {
        const { status, code } = await ask(server, route);
        assert.equal(status, 401, nameOf(route));
        if (route.method !== 'HEAD') assert.equal(code, 'unauthenticated', nameOf(route));
      }
    });

    await t.test('too low a role is refused with 403, the right one is not', async () => {
      for (const route of guarded)
        for (const role of roles) {
          const { status, detail } = await ask(server, route, `Bearer ${role}`);
          const enough = roles.indexOf(role) >= roles.indexOf(route.role as 'viewer');
          if (!enough) assert.equal(status, 403, `${nameOf(route)} as ${role}`);
          else {
            assert.notEqual(status, 401, `${nameOf(route)} as ${role}`);
            assert.doesNotMatch(detail ?? '', /needs the role/, `${nameOf(route)} as ${role}`);
          }
        }
    });

    await t.test('a token for something else is refused with 403, one for this is not', async () => {
      for (const route of guarded) {
        const { scope, method } = route;
        if (scope === null) continue;
        assert.match(scope, /^[a-z-]+:(read|write)$/, nameOf(route));
        const others = [
          'other:read',
          'other:write',
          ...(scope.endsWith('write') ? [scope.replace('write', 'read')] : []),
        ];
        const { status } = await ask(server, route, `Bearer admin,${others.join(',')}`);
        assert.equal(status, 403, nameOf(route));
        const { detail } = await ask(server, route, `Bearer admin,${scope}`);
        if (method !== 'HEAD') assert.doesNotMatch(detail ?? '', /needs the scope/, nameOf(route));
      }
    });

    await t.test('the reference says the same as the server does', async () => {
      const { paths } = (await server.app.inject('/openapi.json')).json();
      let seen = 0;
      for (const [path, operations] of Object.entries(
        paths as Record<string, Record<string, { security?: object[] }>>,
      ))
        for (const [method, { security }] of Object.entries(operations)) {
          const url = path.replaceAll(/\{(\w+)\}/g, ':$1');
          const route = asked.find(
            (one) => one.method === method.toUpperCase() && one.url.replace(/(.)\/$/, '$1') === url,
          );
          assert.ok(route, `${method} ${path} is in the reference and not in the server`);
          const { role, scope } = route;
          const wanted =
            role === 'public'
              ? []
              : [{ bearer: [role, ...(scope === null ? [] : [scope])] }, { cookie: [role] }];
          assert.deepEqual(security, wanted, `${method} ${path}`);
          seen += 1;
        }
      assert.ok(
        seen >= guarded.filter((route) => route.method !== 'HEAD' && !isGateway(route)).length,
        'a guarded route is missing in the reference',
      );
    });

    await t.test('what does not exist is 401 for nobody and 404 for everybody else', async () => {
      for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
        const nowhere = { method, url: '/no/such/route', role: 'viewer', scope: null } as const;
        assert.equal((await ask(server, nowhere)).status, 401, method);
        assert.equal((await ask(server, nowhere, 'Bearer viewer')).status, 404, method);
      }
    });
  });
