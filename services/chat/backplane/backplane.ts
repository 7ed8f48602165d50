import type { Log } from '@labwright/kernel/log';
import type { ServerOptions } from 'socket.io';

/**
 * How the processes of the hub tell one another at once what happened, on a best effort: what is lost there is found in the
 * tables. PostgreSQL carries it by default, Redis where there are many processes.
 */
export interface Backplane {
  readonly adapter: NonNullable<ServerOptions['adapter']>;
  close(): Promise<void>;
}

export type OpenBackplane = (log: Log) => Promise<Backplane>;
