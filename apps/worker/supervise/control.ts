import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { chmod, mkdir, rm, stat } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

/**
 * How a second `labwright scale` reaches the first: a socket in a folder that belongs to this user alone. One question a
 * connection, one answer, as JSON.
 */
export interface Control {
  close(): Promise<void>;
}

const answerMs = 5_000;

/** One address for each place of jobs and set of queues. */
function addressOf(databaseUrl: string, queues: readonly string[]): { folder: string; path: string } {
  const { hostname, port, pathname } = new URL(databaseUrl);
  const name = JSON.stringify([hostname, port, pathname, [...queues].sort()]);
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 20);
  const folder = join(tmpdir(), `labwright-${userInfo().uid}`);
  if (process.platform === 'win32') return { folder, path: `\\\\.\\pipe\\labwright-scale-${digest}` };
  return { folder, path: join(folder, `scale-${digest}.sock`) };
}

/** Asks the supervisor of these queues; undefined where there is none. */
export async function askSupervisor<Answer>(
  databaseUrl: string,
  queues: readonly string[],
  question: object,
): Promise<Answer | undefined> {
  const { path } = addressOf(databaseUrl, queues);
  const socket = connect(path);
  try {
    await once(socket, 'connect');
  } catch {
    return undefined;
  }
  socket.setTimeout(answerMs, () =>
    socket.destroy(new Error('The supervisor of these queues does not answer.')),
  );
  socket.end(JSON.stringify(question));
  const answer = await text(socket);
  if (answer === '') throw new Error('The supervisor of these queues ended before it answered: try again.');
  return JSON.parse(answer) as Answer;
}

/** Answers such questions until it is closed. Only for who has asked, and keeps others from doing so meanwhile: it removes a dead socket. */
export async function listenForQuestions(
  databaseUrl: string,
  queues: readonly string[],
  answer: (question: unknown) => Promise<object>,
): Promise<Control> {
  const { folder, path } = addressOf(databaseUrl, queues);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const { uid } = await stat(folder);
  if (process.platform !== 'win32' && uid !== userInfo().uid)
    throw new Error(`${folder} belongs to another user: remove it, or set TMPDIR to a folder of yours.`);
  await chmod(folder, 0o700);
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('error', () => {});
    void reply(socket, answer);
  });
  await listen(server, path);
  return {
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

async function reply(socket: Socket, answer: (question: unknown) => Promise<object>): Promise<void> {
  try {
    socket.end(JSON.stringify(await answer(JSON.parse(await text(socket)))));
  } catch (error) {
    socket.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }));
  }
}

async function listen(server: Server, path: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      server.listen(path);
      await once(server, 'listening');
      return;
    } catch (error) {
      // The socket of a supervisor that was killed: nobody answered there a moment ago, and nobody else looks just now.
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || attempt > 1) throw error;
      await rm(path, { force: true });
    }
  }
}
