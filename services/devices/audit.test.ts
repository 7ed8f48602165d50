/** Every change of this service is on record, with who did it: what people asked for as theirs, what follows from it as the system's. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { verifyChain } from '@labwright/audit';
import { runInContext } from '@labwright/kernel/context';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { localPrincipal, type Principal } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { command } from '@labwright/kernel/statement';
import { createMetrics } from '@labwright/kernel/telemetry';
import { eventually } from '@labwright/kernel/testing';
import { repairDevices } from './repair.ts';
import { type Laboratory, openLaboratory } from './testing/laboratory.ts';

let lab: Laboratory;
let server: HttpServer;
let asking: Principal;
before(async () => {
  lab = await openLaboratory();
  server = await createHttpServer({
    ...lab.service,
    db: lab.db,
    log: silentLog,
    metrics: createMetrics('device-service'),
    authenticate: async () => asking,
    maxEventLoopDelay: 60_000,
  });
  asking = person('ann');
});
after(async () => {
  await server.close();
  await lab.close();
});

const person = (id: string, kind: Principal['kind'] = 'user'): Principal => ({
  id,
  kind,
  name: `${id} of the lab`,
  role: 'admin',
  scopes: null,
});

async function as(
  who: Principal,
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE',
  url: string,
  payload?: object,
) {
  asking = who;
  const answer = await server.app.inject({ method, url, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json() };
}
const ann = person('ann');
const bob = person('bob');
const must = async (...request: Parameters<typeof as>) => {
  const { status, body } = await as(...request);
  assert.ok(status < 300, JSON.stringify(body));
  return body;
};

interface Entry {
  action: string;
  actor: { id: string };
  on_behalf_of: { id: string } | null;
  reason: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}
/** Oldest first. */
const trail = async (device: string): Promise<Entry[]> =>
  (await must(ann, 'GET', `/audit?limit=100&subject=device:${device}`)).entries.reverse();
const told = async (device: string) =>
  (await trail(device)).map(
    ({ action, actor, on_behalf_of }) =>
      `${action} ${actor.id}${on_behalf_of ? ` for ${on_behalf_of.id}` : ''}`,
  );
const add = (id: string) => must(ann, 'POST', '/devices', { id, name: id, type: 'bench' });

test('each change of a device, its bookings, its queue and its operations: one entry, by whom it was', async () => {
  await add('d1');
  const d1 = '/devices/d1';
  await must(bob, 'PATCH', d1, { location: 'room 2' });
  await must(ann, 'POST', `${d1}/book`, { workflow_id: 'w1' });
  await must(ann, 'POST', `${d1}/book`, { workflow_id: 'w1' });
  await must(bob, 'POST', `${d1}/queue`, { workflow_id: 'w2' });
  await must(bob, 'POST', `${d1}/queue`, { workflow_id: 'w2', priority: 'low', reason: 'it may wait' });
  const { entry } = await must(bob, 'POST', `${d1}/queue`, { workflow_id: 'w3' });
  await must(bob, 'DELETE', `${d1}/queue/${entry.id}`);
  const { execution } = await must(ann, 'POST', `${d1}/execute`, { workflow_id: 'w1', operation: 'stir' });
  assert.equal(execution.status, 'succeeded');
  await must(ann, 'POST', `${d1}/release`, { workflow_id: 'w1', reason: 'done' });
  await must(bob, 'POST', `${d1}/withdraw`, { workflow_id: 'w2' });
  await must(bob, 'DELETE', d1);
  assert.deepEqual(await told('d1'), [
    'device.create ann',
    'device.change bob',
    'device.book ann',
    'queue.enter bob',
    'queue.change_priority bob',
    'queue.enter bob',
    'queue.leave bob',
    'operation.begin ann',
    'operation.end system for ann',
    'device.release ann',
    'device.book system',
    'device.release bob',
    'device.delete bob',
  ]);
  const entries = await trail('d1');
  assert.deepEqual([entries[1]?.before?.location, entries[1]?.after?.location], [null, 'room 2']);
  assert.deepEqual(
    [entries[4]?.before?.priority, entries[4]?.after?.priority, entries[4]?.reason],
    ['normal', 'low', 'it may wait'],
  );
  assert.deepEqual([entries[8]?.before?.status, entries[8]?.after?.status], ['running', 'succeeded']);
  assert.deepEqual([entries[9]?.before?.workflow_id, entries[9]?.reason], ['w1', 'done']);
  assert.equal(entries[10]?.after?.workflow_id, 'w2');
});

test('what is refused or repeated leaves no entry', async () => {
  await add('d2');
  await must(ann, 'POST', '/devices/d2/book', { workflow_id: 'w1' });
  const before = await told('d2');
  assert.equal((await as(bob, 'POST', '/devices/d2/book', { workflow_id: 'w2' })).status, 409);
  assert.equal((await as(bob, 'DELETE', '/devices/d2')).status, 409);
  assert.equal((await as(bob, 'PATCH', '/devices/d2', { settings: { nonsense: 1 } })).status, 400);
  assert.equal((await as(bob, 'POST', '/devices/d2/release', { workflow_id: 'w2' })).status, 403);
  assert.equal((await as(ann, 'POST', '/devices/d2/book', { workflow_id: 'w1' })).status, 200);
  assert.deepEqual(await told('d2'), before);
});

test('what belongs to somebody else: not without a reason, which is on record beside the change', async () => {
  await add('d3');
  const d3 = '/devices/d3';
  await must(ann, 'POST', `${d3}/book`, { workflow_id: 'w1' });
  const { entry } = await must(ann, 'POST', `${d3}/queue`, { workflow_id: 'w2' });
  const sensitive = [
    ['DELETE', `${d3}/queue/${entry.id}`, {}],
    ['POST', `${d3}/queue`, { workflow_id: 'w2', priority: 'low' }],
    ['POST', `${d3}/release`, { workflow_id: 'w1' }],
    ['POST', `${d3}/withdraw`, { workflow_id: 'w1' }],
    ['POST', `${d3}/abort`, {}],
  ] as const;
  const before = await told('d3');
  for (const [method, url, body] of sensitive) {
    const { status, body: problem } = await as(bob, method, url, body);
    assert.deepEqual([status, problem.code], [422, 'reason_required'], url);
  }
  assert.deepEqual(await told('d3'), before);
  const reason = 'the samples thaw';
  await must(bob, 'POST', `${d3}/queue`, { workflow_id: 'w2', priority: 'urgent', reason });
  await must(bob, 'DELETE', `${d3}/queue/${entry.id}`, { reason });
  await must(bob, 'POST', `${d3}/release`, { workflow_id: 'w1', reason });
  const since = (await trail('d3')).slice(before.length);
  assert.deepEqual(
    since.map(({ action, actor, reason: why }) => [action, actor.id, why]),
    [
      ['queue.change_priority', 'bob', reason],
      ['queue.override', 'bob', reason],
      ['queue.leave', 'bob', reason],
      ['booking.override', 'bob', reason],
      ['device.release', 'bob', reason],
    ],
  );
  assert.deepEqual([since[1]?.before?.queued_by, since[3]?.before?.booked_by], ['ann', 'ann']);
});

test('one’s own needs no reason; nor does another service; nor the local user of a laboratory without accounts', async () => {
  for (const [index, who] of [ann, person('workflow-service', 'service'), localPrincipal].entries()) {
    const id = `own-${index}`;
    await add(id);
    await must(ann, 'POST', `/devices/${id}/book`, { workflow_id: 'w1' });
    await must(who, 'POST', `/devices/${id}/release`, { workflow_id: 'w1' });
  }
});

test('a booking out of the queue is that of whoever queued', async () => {
  await add('d4');
  await must(ann, 'POST', '/devices/d4/book', { workflow_id: 'w1' });
  await must(bob, 'POST', '/devices/d4/queue', { workflow_id: 'w2' });
  await must(ann, 'POST', '/devices/d4/release', { workflow_id: 'w1' });
  assert.equal(
    (await as(ann, 'POST', '/devices/d4/release', { workflow_id: 'w2' })).body.code,
    'reason_required',
  );
  await must(bob, 'POST', '/devices/d4/release', { workflow_id: 'w2' });
});

const freeByHand = command('test.audit.free_by_hand', `UPDATE devices SET status = 'busy' WHERE id = $1`);

test('an abort has its reason, and who stopped what; what is mended by itself is done by the system', async () => {
  await add('d5');
  await must(ann, 'POST', '/devices/d5/book', { workflow_id: 'w1' });
  const begun = Promise.withResolvers<void>();
  lab.bench.onBegin(begun.resolve);
  await must(ann, 'POST', '/devices/d5/execute', { workflow_id: 'w1', operation: 'soak', wait_seconds: 0 });
  await begun.promise;
  await must(bob, 'POST', '/devices/d5/abort', { reason: 'it smokes', wait_seconds: 0 });
  lab.bench.finish();
  await eventually('it has ended', async () =>
    (await told('d5')).includes('operation.end system for ann') ? true : undefined,
  );
  const abort = (await trail('d5')).find(({ action }) => action === 'operation.abort');
  assert.deepEqual([abort?.actor.id, abort?.reason, abort?.before?.operation], ['bob', 'it smokes', 'soak']);

  await add('d6');
  await lab.db.execute(freeByHand, ['d6']);
  await repairDevices(lab.deps);
  assert.deepEqual(await told('d6'), ['device.create ann', 'device.repair system']);
});

test('for services in the same process too, whoever asked them', async () => {
  await add('d7');
  const context = { request_id: 'r7', trace_id: '7'.repeat(32), span_id: '7'.repeat(16), principal: bob };
  await runInContext(context, async () => {
    await lab.api.book({ device_id: 'd7', workflow_id: 'w1' });
    await lab.api.withdraw({ device_id: 'd7', workflow_id: 'w1' });
  });
  assert.deepEqual(await told('d7'), ['device.create ann', 'device.book bob', 'device.release bob']);
});

test('and all of it is one chain', async () => {
  const report = await verifyChain(lab.db);
  assert.deepEqual(report.faults, []);
  assert.ok(report.entries > 40);
});
