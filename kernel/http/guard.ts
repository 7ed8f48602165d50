import type { Principal } from '../identity.ts';
import type { App } from './server.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What the requests of this route are counted as, where they are limited. Where a route says nothing: `read` for GET and HEAD,
     * `write` for everything else.
     */
    limitClass?: string;
  }
  interface FastifyInstance {
    /**
     * Counts the opening of a WebSocket as a request, where requests are limited: it passes no hook. `who` finds out who asks. Throws what a
     * request would be answered.
     */
    countUpgrade?: (ip: string, who: () => Promise<Principal | undefined>) => Promise<Principal | undefined>;
  }
}

/**
 * Adds hooks to a server that look at each request, rate limits say. Its `onRequest` hooks run before anybody knows who asks, its
 * `preParsing` hooks after that and before the body is read.
 */
export type Guard = (app: App) => void;
