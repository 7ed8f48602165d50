import { createServer } from 'node:http';
import { chatMigrations, createChat, postgresBackplane } from '@labwright/chat';
import { systemClock } from '@labwright/kernel/clock';
import { openDb } from '@labwright/kernel/db';
import { createHttpServer } from '@labwright/kernel/http';
import { silentLog } from '@labwright/kernel/log';
import { migrate } from '@labwright/kernel/migrate';
import { kernelMigrations } from '@labwright/kernel/service';
import { createMetrics } from '@labwright/kernel/telemetry';
import { WebSocketServer } from 'ws';

const host = '127.0.0.1';
const boundless = { perSecond: 1_000_000, atOnce: 1_000_000 };

/** Chat as the hub runs it, its limits wide open; everybody is who they say. Answers its port. */
export async function serveOurs(databaseUrl: string): Promise<number> {
  const db = openDb({ url: databaseUrl, applicationName: 'bench' });
  await migrate(db, [kernelMigrations, chatMigrations]);
  const given = { db, log: silentLog, metrics: createMetrics('bench'), clock: systemClock };
  const authenticate = async ({ headers }: { headers: Record<string, unknown> }) => {
    const id = String(headers.authorization);
    return { id, kind: 'user', name: id, role: 'scientist', scopes: null } as const;
  };
  const chat = createChat(given, {
    authenticate,
    backplane: postgresBackplane(databaseUrl),
    settings: { sends: boundless, frames: boundless },
  });
  const server = await createHttpServer({
    ...given,
    name: 'chat',
    version: '0',
    description: 'Chat alone.',
    domain: 'chat',
    routes: chat.routes,
    errors: chat.errors,
    authenticate,
  });
  await chat.start();
  return server.listen({ host, port: 0 });
}

/** The least that anybody could do: what comes in goes out to all, unread and unkept. Answers its port. */
export function serveFloor(): Promise<number> {
  const http = createServer();
  const sockets = new WebSocketServer({ server: http });
  sockets.on('connection', (socket) => {
    socket.on('message', (data) => {
      const text = data.toString();
      for (const other of sockets.clients) other.send(text);
    });
  });
  return new Promise((resolve) => {
    http.listen(0, host, () => {
      const address = http.address();
      resolve(typeof address === 'object' && address ? address.port : 0);
    });
  });
}
