import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readUpSettings } from './settings.ts';
import { refuseTakenPorts } from './taken-ports.ts';

const servers = new Set<ReturnType<typeof createServer>>();
after(() => {
  for (const server of servers) server.close().closeAllConnections();
});

async function listen(answer: RequestListener): Promise<number> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  servers.add(server);
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

const service = (name: string): Promise<number> =>
  listen((_request, reply) => reply.end(JSON.stringify({ info: { title: `Labwright ${name}` } })));

/** What is said where somebody starts with these settings; empty where it may start. */
const saidOf = async (env: Record<string, string>): Promise<string> => {
  const home = join(tmpdir(), 'labwright-nothing-is-here');
  try {
    await refuseTakenPorts(readUpSettings({ LABWRIGHT_HOME: home, ...env }), home);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
};

test('another Labwright has all three ports: it is named once, with its address and what to copy', async () => {
  const hub = await service('hub-service');
  const device = await service('device-service');
  const workflow = await service('workflow-service');
  const said = await saidOf({
    HUB_SERVICE_PORT: String(hub),
    DEVICE_SERVICE_PORT: String(device),
    WORKFLOW_SERVICE_PORT: String(workflow),
  });
  const head = `The ports ${hub} (hub-service), ${device} (device-service) and ${workflow} (workflow-service) are taken:\n`;
  assert.ok(said.startsWith(head), said);
  assert.match(said, /another Labwright/);
  assert.ok(said.includes(`http://localhost:${hub}. Open it, or stop it`), said);
  assert.match(
    said,
    /HUB_SERVICE_PORT=[1-9]\d* DEVICE_SERVICE_PORT=[1-9]\d* WORKFLOW_SERVICE_PORT=[1-9]\d* npm start$/,
  );
  if (process.platform !== 'linux') return;
  assert.equal(said.match(/another Labwright/g)?.length, 1, said);
  assert.ok(said.includes(`process ${process.pid}, started in ${process.cwd()}`), said);
});

test('another program has one of them: what was set besides stays in the line to copy', async () => {
  const port = await listen((_request, reply) => reply.end('hello'));
  const said = await saidOf({
    LABWRIGHT_ACCOUNTS: '1',
    HUB_SERVICE_PORT: '0',
    DEVICE_SERVICE_PORT: String(port),
    WORKFLOW_SERVICE_PORT: '0',
  });
  assert.ok(said.startsWith(`Port ${port}, which device-service wants, is taken:\n  ${port}: `), said);
  assert.doesNotMatch(said, /another Labwright/);
  if (process.platform === 'linux')
    assert.match(said, new RegExp(`process ${process.pid} \\(.*kill ${process.pid}\\.`));
  assert.match(
    said,
    /LABWRIGHT_HOME=\S+ LABWRIGHT_ACCOUNTS=1 HUB_SERVICE_PORT=0 DEVICE_SERVICE_PORT=[1-9]\d* WORKFLOW_SERVICE_PORT=0 npm start$/,
  );
});

test('a port that is free, or that any may be, keeps nobody from starting', async () => {
  assert.equal(
    await saidOf({ HUB_SERVICE_PORT: '0', DEVICE_SERVICE_PORT: '0', WORKFLOW_SERVICE_PORT: '0' }),
    '',
  );
});
