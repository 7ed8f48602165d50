import assert from 'node:assert/strict';
import { test } from 'node:test';
import { devicesClient } from '@labwright/contract-devices';
import { openLaboratory } from './testing/laboratory.ts';

test('a server that closes lets waiting readers go at once, with an answer', async () => {
  const lab = await openLaboratory();
  try {
    const port = await lab.server.listen({ host: '127.0.0.1', port: 0 });
    const client = devicesClient({ url: `http://127.0.0.1:${port}` });
    const { next_cursor: cursor } = await client.events({ wait_seconds: 0 });
    const reached = Promise.withResolvers<void>();
    lab.server.app.server.once('request', () => reached.resolve());
    const waiting = client.events({ cursor, wait_seconds: 60 });
    await reached.promise;
    const started = performance.now();
    const [page] = await Promise.all([waiting, lab.server.close()]);
    assert.deepEqual(page, { events: [], next_cursor: cursor });
    assert.ok(performance.now() - started < 30_000);
  } finally {
    await lab.close();
  }
});

test('a client that goes away ends its wait on the server', async () => {
  const lab = await openLaboratory();
  try {
    const port = await lab.server.listen({ host: '127.0.0.1', port: 0 });
    const client = devicesClient({ url: `http://127.0.0.1:${port}` });
    const { next_cursor: cursor } = await client.events({ wait_seconds: 0 });
    const ended = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    lab.server.app.server.once('request', (_request, response) => {
      response.once('close', () => ended.resolve());
      reached.resolve();
    });
    const gone = new AbortController();
    const waiting = client.events({ cursor, wait_seconds: 60, signal: gone.signal });
    await reached.promise;
    gone.abort(new Error('bye'));
    await assert.rejects(waiting, /bye/);
    await ended.promise;
    // Closing waits for requests in hand: it ends at once only if none is left.
    const started = performance.now();
    await lab.server.close();
    assert.ok(performance.now() - started < 30_000);
  } finally {
    await lab.close();
  }
});

test('a server that closes answers those that wait for the outcome of an operation', async () => {
  const lab = await openLaboratory();
  try {
    const port = await lab.server.listen({ host: '127.0.0.1', port: 0 });
    const client = devicesClient({ url: `http://127.0.0.1:${port}` });
    const device_id = await lab.addDevice();
    await client.book({ device_id, workflow_id: 'w1' });
    const begun = Promise.withResolvers<void>();
    lab.bench.onBegin(begun.resolve);
    const waiting = client.execute({
      device_id,
      workflow_id: 'w1',
      operation: 'soak',
      parameters: {},
      execution_id: 'goes-on',
      wait_seconds: 60,
    });
    await begun.promise;
    const started = performance.now();
    const [execution] = await Promise.all([waiting, lab.server.close()]);
    assert.equal(execution.status, 'running');
    assert.ok(performance.now() - started < 30_000);
  } finally {
    await lab.close();
  }
});
