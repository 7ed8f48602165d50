import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { systemClock } from '@labwright/kernel/clock';
import { ConfigError } from '@labwright/kernel/config';
import { isProblem } from '@labwright/kernel/errors';
import { s3Store } from './index.ts';

/** Takes every connection and says nothing, as a server that was stopped. */
let silent: Server;
const sockets = new Set<Socket>();
let port = 0;
before(async () => {
  silent = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
  });
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  const address = silent.address();
  port = typeof address === 'object' && address ? address.port : 0;
});
after(() => {
  for (const socket of sockets) socket.destroy();
  silent.close();
});

const store = () =>
  s3Store({
    endpoint: `http://127.0.0.1:${port}`,
    region: 'us-east-1',
    bucket: 'files',
    accessKeyId: 'key',
    secretAccessKey: 'secret',
    pathStyle: true,
    clock: systemClock,
    answerMs: 200,
  });

test('a server that is silent holds nobody: 503 storage_unavailable, and a start that is refused', async () => {
  const unavailable = (error: unknown) => isProblem(error, 'storage_unavailable') && error.status === 503;
  await assert.rejects(store().arrived(randomUUID()), unavailable);
  await assert.rejects(store().remove(`kept/${randomUUID()}`), unavailable);
  await assert.rejects(store().start(), (error) => error instanceof ConfigError);
});
