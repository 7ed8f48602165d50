import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { App } from '@labwright/kernel/http';
import type { FastifyReply } from 'fastify';
import type { HubModule } from '../hub.ts';
import { notBuilt } from './not-built.ts';

export interface WebPagesOptions {
  /** What `npm run build -w @labwright/web` makes: index.html, assets/ (named by their content), static/. */
  folder: string;
  /** Where else than here files are sent to and fetched from: the origin of a bucket. */
  filesOrigin?: string | undefined;
}

/** Stands in index.html where each answer has its own nonce. */
const noncePlace = '__NONCE__';
const aYear = 'public, max-age=31536000, immutable';
const open = { config: { access: 'public' }, schema: { hide: true } } as const;

/**
 * The web UI under `/ui/`: every path that is no file is the one page, which finds out by itself what to show. It holds nothing of the
 * laboratory, so anybody may load it. The folder is looked at for each request: it may be built while the laboratory runs.
 */
export function createWebPages({ folder, filesOrigin }: WebPagesOptions): HubModule {
  const page = async (reply: FastifyReply) => {
    const nonce = randomBytes(16).toString('base64');
    reply
      .type('text/html; charset=utf-8')
      .header('content-security-policy', pagePolicy(nonce, filesOrigin))
      .header('cache-control', 'no-cache');
    const html = await readFile(join(folder, 'index.html'), 'utf8').catch(() => undefined);
    if (html === undefined) return reply.code(503).header('retry-after', '5').send(notBuilt(nonce));
    return reply.send(html.replaceAll(noncePlace, nonce));
  };
  return {
    name: 'web',
    errors: [],
    routes: async (app: App) => {
      await app.register(fastifyStatic, {
        root: folder,
        serve: false,
        preCompressed: true,
        cacheControl: false,
        dotfiles: 'ignore',
      });
      app.get('/ui', open, (_request, reply) => reply.redirect('/ui/'));
      app.get<{ Params: { '*': string } }>('/ui/assets/*', open, ({ params }, reply) =>
        reply.header('cache-control', aYear).sendFile(`assets/${params['*']}`),
      );
      app.get<{ Params: { '*': string } }>('/ui/static/*', open, ({ params }, reply) =>
        reply.header('cache-control', 'no-cache').sendFile(`static/${params['*']}`),
      );
      app.get('/ui/*', open, (_request, reply) => page(reply));
    },
    start: async () => {},
    stop: async () => {},
  };
}

/** Its own scripts, and styles that carry the nonce of this very answer. `blob:` shows a picture before it is sent. */
function pagePolicy(nonce: string, filesOrigin: string | undefined): string {
  const files = filesOrigin ? ` ${filesOrigin}` : '';
  return [
    "default-src 'none'",
    // The reader of codes is a program for WebAssembly, from here too; scripts out of text stay refused.
    "script-src 'self' 'wasm-unsafe-eval'",
    `style-src 'self' 'nonce-${nonce}'`,
    `img-src 'self' data: blob:${files}`,
    "font-src 'self'",
    `connect-src 'self'${files}`,
    `form-action 'self'${files}`,
    "manifest-src 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}
