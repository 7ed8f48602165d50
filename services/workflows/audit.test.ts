/** Every change of this service is on record: what people asked for as theirs, what went on by itself as the system's. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { verifyChain } from '@labwright/audit';
import { createHttpServer, type HttpServer } from '@labwright/kernel/http';
import { localPrincipal, type Principal } from '@labwright/kernel/identity';
import { silentLog } from '@labwright/kernel/log';
import { createMetrics } from '@labwright/kernel/telemetry';
import { conduct } from './conductor/conduct.ts';
import { createRests } from './conductor/rests.ts';
import { type Laboratory, openLaboratory } from './test-support/laboratory.ts';

let lab: Laboratory;
let server: HttpServer;
let asking: Principal;
before(async () => {
  lab = await openLaboratory();
  server = await createHttpServer({
    ...lab.service,
    db: lab.database.db,
    log: silentLog,
    metrics: createMetrics('workflow-service'),
    authenticate: async () => asking,
    maxEventLoopDelay: 60_000,
  });
});
beforeEach(() => {
  lab.network.fault = () => undefined;
  lab.devices.onExecute = () => 'succeeded';
});
after(async () => {
  await server.close();
  await lab.stop();
});

const person = (id: string): Principal => ({ ...localPrincipal, id, kind: 'user', name: `${id} of the lab` });
const ann = person('ann');
const bob = person('bob');

async function as(who: Principal, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) {
  asking = who;
  const answer = await server.app.inject({ method, url, ...(payload ? { payload } : {}) });
  return { status: answer.statusCode, body: answer.json() };
}
const must = async (...request: Parameters<typeof as>) => {
  const { status, body } = await as(...request);
  assert.ok(status < 300, JSON.stringify(body));
  return body;
};

interface Entry {
  action: string;
  actor: { id: string };
  reason: string | null;
  before: Record<string, unknown> | null;
  after: Record<string, unknown> | null;
}
/** Oldest first. */
const trail = async (subject: string): Promise<Entry[]> =>
  (await must(ann, 'GET', `/audit?limit=100&subject=${encodeURIComponent(subject)}`)).entries.reverse();
const told = async (id: string) =>
  (await trail(`workflow:${id}`)).map(({ action, actor }) => `${action} ${actor.id}`);
const create = async (steps = ['aspirate', 'dispense'], more = {}) => {
  const { device_id } = await lab.workflow();
  return (await must(ann, 'POST', '/workflows', { name: 'w', device_id, steps, ...more })) as {
    id: string;
    device_id: string;
  };
};

test('the life of a workflow: each change is one entry, by whom it was', async () => {
  const { id, device_id } = await create();
  const w = `/workflows/${id}`;
  await must(ann, 'POST', `${w}/start`);
  await must(ann, 'POST', `${w}/execute-step`);
  await must(bob, 'POST', `${w}/pause`, { reason: 'lunch' });
  await must(bob, 'POST', `${w}/resume`);
  await must(bob, 'POST', `${w}/execute-step`);
  await must(ann, 'POST', `${w}/complete`);
  await must(ann, 'POST', `${w}/complete`);
  assert.deepEqual(await told(id), [
    'workflow.create ann',
    'workflow.start ann',
    'step.begin ann',
    'step.end system',
    'workflow.pause bob',
    'workflow.resume bob',
    'step.begin bob',
    'step.end system',
    'workflow.complete ann',
  ]);
  const entries = await trail(`workflow:${id}`);
  assert.equal(entries[0]?.after?.device_id, device_id);
  assert.deepEqual([entries[1]?.before?.status, entries[1]?.after?.status], ['created', 'running']);
  assert.deepEqual([entries[3]?.after?.position, entries[3]?.after?.status], [1, 'succeeded']);
  assert.deepEqual([entries[4]?.reason, entries[4]?.after?.status], ['lunch', 'paused']);
});

test('what goes on by itself is done by the system: a turn in the queue, an auto workflow, a booking that is lost', async () => {
  const holder = await create();
  await must(ann, 'POST', `/workflows/${holder.id}/start`);
  const { id } = await must(ann, 'POST', '/workflows', {
    name: 'next',
    device_id: holder.device_id,
    steps: ['aspirate'],
    auto: true,
  });
  await must(bob, 'POST', `/workflows/${id}/start`, { queue: true });
  await must(bob, 'POST', `/workflows/${holder.id}/cancel`);
  await lab.follow();
  await conduct(lab.deps, createRests(lab.deps.clock));
  assert.deepEqual(await told(id), [
    'workflow.create ann',
    'workflow.start bob',
    'workflow.start system',
    'step.begin system',
    'step.end system',
    'workflow.complete system',
  ]);

  const lost = await create();
  await must(ann, 'POST', `/workflows/${lost.id}/start`);
  lab.devices.releaseByHand(lost.device_id);
  await lab.follow();
  assert.deepEqual(await told(lost.id), [
    'workflow.create ann',
    'workflow.start ann',
    'workflow.pause system',
  ]);
});

test('an action whose answer was lost is brought to its end by others, and is still that of whoever asked', async () => {
  const { id } = await create();
  await must(ann, 'POST', `/workflows/${id}/start`);
  lab.network.failOnce('withdraw', 'lost');
  assert.equal((await as(bob, 'POST', `/workflows/${id}/cancel`)).status, 503);
  asking = ann;
  await lab.repairAll();
  assert.deepEqual(await told(id), ['workflow.create ann', 'workflow.start ann', 'workflow.cancel bob']);
});

test('steps that are left out need a reason of people; where none is left, nobody is asked', async () => {
  const { id } = await create();
  const complete = `/workflows/${id}/complete`;
  await must(ann, 'POST', `/workflows/${id}/start`);
  await must(ann, 'POST', `/workflows/${id}/execute-step`);
  const refused = await as(ann, 'POST', complete);
  assert.deepEqual([refused.status, refused.body.code], [422, 'reason_required']);
  assert.equal((await must(ann, 'GET', `/workflows/${id}`)).status, 'running');
  await must(bob, 'POST', complete, { reason: 'enough seen' });
  const [skip, done] = (await trail(`workflow:${id}`)).slice(-2);
  assert.deepEqual(
    [skip?.action, skip?.actor.id, skip?.reason, skip?.before, done?.action, done?.after?.skipped],
    ['step.skip', 'bob', 'enough seen', { positions: [2] }, 'workflow.complete', [2]],
  );
  // The local user of a laboratory without accounts goes on as before.
  const other = await create();
  await must(localPrincipal, 'POST', `/workflows/${other.id}/start`);
  await must(localPrincipal, 'POST', `/workflows/${other.id}/complete`);
});

test('a step that a person decided on has the reason; deleted workflows, samples and plates have their entries', async () => {
  const { id } = await create();
  await must(ann, 'POST', `/workflows/${id}/start`);
  lab.devices.onExecute = () => 'unknown';
  await must(ann, 'POST', `/workflows/${id}/execute-step`);
  await must(bob, 'POST', `/workflows/${id}/resolve-step`, { outcome: 'failed', reason: 'the tips are dry' });
  const decided = (await trail(`workflow:${id}`)).at(-1);
  assert.deepEqual(
    [decided?.action, decided?.actor.id, decided?.reason, decided?.before?.status, decided?.after?.status],
    ['step.resolve', 'bob', 'the tips are dry', 'unknown', 'failed'],
  );

  const gone = await create();
  assert.equal((await as(bob, 'DELETE', `/workflows/${id}`)).status, 409);
  await must(bob, 'DELETE', `/workflows/${gone.id}`);
  assert.deepEqual(await told(gone.id), ['workflow.create ann', 'workflow.delete bob']);

  await must(ann, 'POST', '/plates', { id: 'P-1' });
  const sample = { barcode: 'S-1', sample_type: 'blood', plate_id: 'P-1', well: 'A1' };
  await must(bob, 'POST', '/samples', sample);
  assert.equal((await as(bob, 'POST', '/samples', sample)).status, 409);
  const [plate] = await trail('plate:P-1');
  const samples = await trail('sample:S-1');
  assert.deepEqual([plate?.action, plate?.actor.id, plate?.after?.columns], ['plate.create', 'ann', 12]);
  assert.deepEqual(
    samples.map(({ action, actor, after: made }) => [action, actor.id, made?.well]),
    [['sample.create', 'bob', 'A1']],
  );
});

test('an import is one entry, with the hash of its file', async () => {
  asking = bob;
  const answer = await server.app.inject({
    method: 'POST',
    url: '/samples/import',
    headers: { 'content-type': 'text/csv' },
    payload: 'barcode,sample_type\nI-1,blood\nI-2,blood\n',
  });
  assert.equal(answer.json().imported, 2, answer.body);
  const { entries } = await must(ann, 'GET', '/audit?action=sample.import');
  assert.equal(entries.length, 1);
  assert.deepEqual([entries[0].actor.id, entries[0].after.imported], ['bob', 2]);
  assert.match(entries[0].after.sha256, /^[0-9a-f]{64}$/);
});

test('and all of it is one chain', async () => {
  const report = await verifyChain(lab.database.db);
  assert.deepEqual(report.faults, []);
  assert.ok(report.entries > 40);
});
