import type { OpenBackplane } from './backplane.ts';

const connectMs = 5_000;
/** Milliseconds between two looks whether a server that says nothing still lives, and without a byte until it counts as gone. */
const pingMs = 2_000;
const silentMs = 6_000;
/** What waits for an answer; beyond that it is dropped, and found in the tables. */
const mostWaiting = 1_000;

/** What the adapter asks of a client. */
const awaitedByNobody = new Set<string | symbol>([
  'publish',
  'subscribe',
  'unsubscribe',
  'pSubscribe',
  'pUnsubscribe',
]);

/**
 * Tells by publish and subscribe. Resolves when connected; throws where the server cannot be reached. Processes of one
 * laboratory share `prefix`; those of another one on the same server must have another.
 */
export const redisBackplane =
  (url: string, prefix: string): OpenBackplane =>
  async (log) => {
    // Large, and only here where somebody has set it.
    const [{ createClient }, { createAdapter }] = await Promise.all([
      import('@redis/client'),
      import('@socket.io/redis-adapter'),
    ]);
    let started = false;
    const open = async () => {
      const client = createClient({
        url,
        // What cannot be sent now is not worth sending later.
        disableOfflineQueue: true,
        commandsQueueMaxLength: mostWaiting,
        pingInterval: pingMs,
        socket: {
          connectTimeout: connectMs,
          // A server that was stopped keeps its connections, and answers nothing.
          socketTimeout: silentMs,
          reconnectStrategy: (tries, cause) => (started ? Math.min(2_000, 20 * 2 ** tries) : cause),
        },
      });
      client.on('error', (error) => log.warn({ err: error }, 'the connection to Redis is lost'));
      await client.connect();
      return client;
    };
    const sending = await open();
    const listening = await open().catch((error) => {
      sending.destroy();
      throw error;
    });
    started = true;
    // The adapter waits for nothing that it asks for: an error would be nobody's, and end the process.
    const careful = (client: typeof sending) =>
      new Proxy(client, {
        get: (target, name) => {
          const member = Reflect.get(target, name, target);
          if (typeof member !== 'function') return member;
          if (!awaitedByNobody.has(name)) return member.bind(target);
          return async (...given: unknown[]) => {
            try {
              return await Reflect.apply(member, target, given);
            } catch (error) {
              log.warn({ err: error }, 'other processes could not be told');
              return 0;
            }
          };
        },
      });
    return {
      adapter: createAdapter(careful(sending), careful(listening), { key: prefix }),
      close: async () => {
        for (const client of [sending, listening]) if (client.isOpen) client.destroy();
      },
    };
  };
