import {
  ChangeLinkRequest,
  CreateLinkRequest,
  type Link,
  LinkAnswer,
  LinkHost,
  LinkHostPage,
  LinkPage,
} from '@labwright/contract-hub/links';
import { type App, answers, PageQuery } from '@labwright/kernel/http';
import Type from 'typebox';
import { baseOf } from '../base-url.ts';
import type { LinksDeps } from '../deps.ts';
import { allowHost, listHosts, refuseHost } from '../hosts/hosts.ts';
import type { Redirects } from '../redirects/redirects.ts';
import { changeLink, deleteLink } from './change-link.ts';
import { createLink } from './create-link.ts';
import { getLink } from './link-row.ts';
import { listLinks } from './list-links.ts';

const tags = ['links'];
const usualLimit = 50;
const Code = Type.Object({ code: Type.String({ maxLength: 100 }) });
const Host = Type.Object({ host: Type.String({ minLength: 1, maxLength: 260 }) });
const Page = Type.Object(PageQuery, { additionalProperties: false });

/** Short links. Errors: `contracts/hub/links.ts`. */
export function linkRoutes(app: App, deps: LinksDeps, redirects: Redirects): void {
  const { db } = deps;
  const answer = (link: Link, base: string): LinkAnswer => ({ ...link, url: `${base}/s/${link.code}` });

  app.post(
    '/links',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Make a short link',
        tags,
        body: CreateLinkRequest,
        response: answers({ 201: LinkAnswer }),
      },
    },
    async (request, reply) => {
      const link = await createLink(deps, request.actionId, request.body);
      redirects.changed(link.code);
      reply.code(201);
      return answer(link, baseOf(deps, request));
    },
  );

  app.get(
    '/links',
    {
      schema: {
        summary: 'Links, newest first',
        tags,
        querystring: Page,
        response: answers({ 200: LinkPage }),
      },
    },
    async (request) => {
      const { limit = usualLimit, cursor } = request.query;
      const { links, next_cursor } = await listLinks(db, { limit, cursor });
      return { links: links.map((link) => answer(link, baseOf(deps, request))), next_cursor };
    },
  );

  app.get(
    '/links/:code',
    { schema: { summary: 'One link', tags, params: Code, response: answers({ 200: LinkAnswer }) } },
    async (request) => answer(await getLink(db, request.params.code), baseOf(deps, request)),
  );

  app.patch(
    '/links/:code',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Lead elsewhere, name it anew, let it expire: by whoever made it, or an operator',
        tags,
        params: Code,
        body: ChangeLinkRequest,
        response: answers({ 200: LinkAnswer }),
      },
    },
    async (request) => {
      const link = await changeLink(deps, request.params.code, request.body);
      redirects.changed(link.code);
      return answer(link, baseOf(deps, request));
    },
  );

  app.delete(
    '/links/:code',
    {
      config: { access: 'scientist' },
      schema: {
        summary: 'Delete a link; its code is never used again',
        tags,
        params: Code,
        response: answers({ 204: Type.Null() }),
      },
    },
    async ({ params }, reply) => {
      await deleteLink(deps, params.code);
      redirects.changed(params.code);
      return reply.code(204).send(null);
    },
  );

  app.get(
    '/s/:code',
    {
      config: { access: 'public' },
      schema: {
        summary: 'Follow a link',
        tags,
        params: Code,
        response: answers({ 302: Type.Null({ description: 'Where `Location` says.' }) }),
      },
    },
    async ({ params }, reply) => reply.redirect(await redirects.resolve(params.code), 302),
  );

  app.get(
    '/link-hosts',
    {
      schema: {
        summary: 'Hosts elsewhere to which links may lead',
        tags,
        querystring: Page,
        response: answers({ 200: LinkHostPage }),
      },
    },
    ({ query: { limit = usualLimit, cursor } }) => listHosts(db, { limit, cursor }),
  );

  app.put(
    '/link-hosts/:host',
    {
      config: { access: 'admin', bodyOptional: true },
      schema: {
        summary: 'Let links lead to a host',
        tags,
        params: Host,
        body: Type.Object(
          {
            note: Type.Optional(
              Type.String({ minLength: 1, maxLength: 200, description: 'What it is for.' }),
            ),
          },
          { additionalProperties: false },
        ),
        response: answers({ 200: LinkHost }),
      },
    },
    async ({ params, body }) => {
      const host = await allowHost(db, params.host, body.note);
      redirects.changedAll();
      return host;
    },
  );

  app.delete(
    '/link-hosts/:host',
    {
      config: { access: 'admin' },
      schema: {
        summary: 'Let links lead to a host no longer, those that are there included',
        tags,
        params: Host,
        response: answers({ 204: Type.Null() }),
      },
    },
    async ({ params }, reply) => {
      await refuseHost(db, params.host);
      redirects.changedAll();
      return reply.code(204).send(null);
    },
  );
}
