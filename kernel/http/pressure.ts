import { commonErrors } from '../errors.ts';
import type { App } from './server.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served even under pressure: probes must tell the truth about a busy process. */
    exempt?: boolean;
  }
}

const sampleMs = 500;

/** 503 with Retry-After before the process falls over: too many requests in hand, or an event loop that lags. */
export function backPressure(app: App, limits: { maxInFlight: number; maxEventLoopDelay: number }): void {
  let inFlight = 0;
  let lagMs = 0;
  let sampledAt = performance.now();
  const overloaded = (why: string) =>
    commonErrors.problem(
      'overloaded',
      `The service is overloaded (${why}); nothing was done. Try again shortly.`,
      { retryAfter: 1 },
    );

  // Milliseconds by which the timer came late. The busy start, before anybody can ask, does not count.
  const sampler = setInterval(() => {
    const now = performance.now();
    lagMs = now - sampledAt - sampleMs;
    sampledAt = now;
  }, sampleMs).unref();
  app.addHook('onListen', async () => {
    sampledAt = performance.now();
  });
  app.addHook('onClose', async () => clearInterval(sampler));

  app.addHook('onRequest', async (request, reply) => {
    inFlight += 1;
    // `close` comes once for every request, also for one that the client gave up.
    reply.raw.once('close', () => {
      inFlight -= 1;
    });
    if (request.routeOptions.config.exempt) return;
    if (inFlight > limits.maxInFlight) throw overloaded(`${limits.maxInFlight} requests are in hand`);
    if (lagMs > limits.maxEventLoopDelay) throw overloaded('it lags behind');
  });
}
