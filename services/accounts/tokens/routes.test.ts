import assert from 'node:assert/strict';
import { Agent, get } from 'node:http';
import type { Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { type Office, openOffice, serviceToken } from '../testing/office.ts';

let office: Office;
before(async () => {
  office = await openOffice();
});
after(() => office.stop());

test('questions that come over one connection leave nothing behind on it', async () => {
  const port = await office.server.listen({ host: '127.0.0.1', port: 0 });
  const sockets: Socket[] = [];
  office.server.app.server.on('connection', (socket) => void sockets.push(socket));
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const ask = () =>
    new Promise<number | undefined>((resolve, reject) => {
      const headers = { authorization: `Bearer ${serviceToken}` };
      const asked = get({ port, host: '127.0.0.1', path: '/revocations', agent, headers }, (answer) => {
        answer.resume().once('end', () => resolve(answer.statusCode));
      });
      asked.once('error', reject);
    });
  assert.equal(await ask(), 200);
  const after = () => sockets[0]?.listenerCount('close') ?? 0;
  const first = after();
  for (let turn = 0; turn < 20; turn += 1) assert.equal(await ask(), 200);
  assert.equal(sockets.length, 1);
  assert.ok(after() <= first + 1, `${after()} listeners, ${first} at first`);
  agent.destroy();
});
