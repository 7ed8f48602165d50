import underPressure from '@fastify/under-pressure';
import { commonErrors } from '../errors.ts';
import { sendProblem } from './problems.ts';
import type { App } from './server.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Served even under pressure: probes must tell the truth about a busy process. */
    exempt?: boolean;
  }
}

/** 503 with Retry-After before the process falls over: too many requests in hand, or an event loop that lags. */
export async function backPressure(
  app: App,
  limits: { maxInFlight: number; maxEventLoopDelay: number },
): Promise<void> {
  let inFlight = 0;
  const overloaded = (why: string) =>
    commonErrors.problem(
      'overloaded',
      `The service is overloaded (${why}); nothing was done. Try again shortly.`,
      {
        retryAfter: 1,
      },
    );

  app.addHook('onRequest', async (request, reply) => {
    inFlight += 1;
    // `close` comes once for every request, also for one that the client gave up.
    reply.raw.once('close', () => {
      inFlight -= 1;
    });
    if (inFlight > limits.maxInFlight && !request.routeOptions.config.exempt)
      throw overloaded(`${limits.maxInFlight} requests are in hand`);
  });

  await app.register(underPressure, {
    maxEventLoopDelay: limits.maxEventLoopDelay,
    pressureHandler: (request, reply) => {
      if (request.routeOptions.config.exempt) return;
      sendProblem(overloaded('it lags behind'), request, reply);
    },
  });
}
