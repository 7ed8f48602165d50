import type { Announcer } from '@labwright/contract-hub/announce';
import { chatErrors } from '@labwright/contract-hub/chat-errors';
import type { Live } from '@labwright/contract-hub/live';
import type { PeopleApi } from '@labwright/contract-hub/people';
import type { Authenticate } from '@labwright/kernel/identity';
import { group, loop } from '@labwright/kernel/lifecycle';
import type { MigrationSet } from '@labwright/kernel/migrate';
import type { Module, ServiceDeps } from '@labwright/kernel/service';
import { createLimiter, type Limiter, memoryLimits } from '@labwright/limits';
import type { OpenBackplane } from './backplane/backplane.ts';
import { type ChatDeps, type ChatSettings, defaultSettings } from './deps.ts';
import { renewNames } from './mentions/renew-names.ts';
import { createMessageWriter } from './messages/message-writer.ts';
import { createSendLimit } from './messages/send-limit.ts';
import { chatRoutes } from './routes.ts';
import { createSockets } from './sockets/sockets.ts';

export { postgresBackplane } from './backplane/postgres.ts';
export { redisBackplane } from './backplane/redis.ts';
export type { ChatSettings } from './deps.ts';

export const chatMigrations: MigrationSet = {
  name: 'chat',
  folder: new URL('./migrations', import.meta.url).pathname,
};

export interface ChatOptions {
  /** Who asks; the same that the server of the service has. */
  authenticate: Authenticate;
  /** How the processes of the hub tell one another; without it there is only this one. */
  backplane?: OpenBackplane;
  /** Tells people who were mentioned. */
  announcer?: Announcer;
  /** Whose names can be mentioned. Default: whoever has followed a room. */
  people?: PeopleApi;
  /** Counts what people write; it starts and stops with this. Default: in memory, for this process alone. */
  limiter?: Limiter;
  /** Calls `listener` whenever somebody's sign-in has ended. Default: those who listen are asked again every ten seconds. */
  onRevoked?: (listener: () => void) => void;
  settings?: Partial<ChatSettings>;
}

export interface Chat extends Module {
  /** The state of devices, queues and runs goes over the same sockets. */
  readonly live: Live;
}

/** Talk in rooms, kept and live; and the sockets over which anything else is told as it happens. */
export function createChat(given: ServiceDeps, options: ChatOptions): Chat {
  const settings = { ...defaultSettings, ...options.settings };
  const deps: ChatDeps = {
    ...given,
    settings,
    authenticate: options.authenticate,
    announcer: options.announcer,
    people: options.people,
    committed: (room, messages) => sockets.committed(room, messages),
  };
  const writer = createMessageWriter(deps);
  const { clock, log } = deps;
  const limiter =
    options.limiter ?? createLimiter({ store: memoryLimits({ clock }), clock, log, whenDown: 'open' });
  const limit = createSendLimit(limiter, settings.sends);
  const sockets = createSockets(deps, {
    open: options.backplane,
    writer,
    limit,
    onRevoked: options.onRevoked,
  });
  const { people } = options;
  const names = people
    ? [
        loop({
          name: 'chat learns the names of people',
          idleMs: settings.namesMs,
          log: deps.log,
          work: (signal) => renewNames(deps.db, people, signal),
        }),
      ]
    : [];
  const parts = group('chat', [{ name: 'limit of messages', ...limiter }, sockets, ...names], deps.log);
  return {
    name: 'chat',
    errors: [chatErrors],
    routes: (app) => {
      sockets.attach(app);
      chatRoutes(deps, { writer, limit })(app);
    },
    start: () => parts.start(),
    stop: () => parts.stop(),
    live: { publish: (room, event) => sockets.publish(room, event) },
  };
}
