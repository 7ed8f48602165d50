import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemClock } from '@labwright/kernel/clock';
import { nullable } from '@labwright/kernel/http';
import { command, rows } from '@labwright/kernel/statement';
import { seededRandom } from '@labwright/kernel/testing';
import Type from 'typebox';
import { isAllowed, requests, type WorkflowRequest } from './allowed.ts';
import { createLoops } from './loops.ts';
import type { Fault } from './test-support/faulty-devices.ts';
import { type Laboratory, openLaboratory } from './test-support/laboratory.ts';
import { workflowEvents } from './tidings/events.ts';

/*
 * Many people do random things to many workflows at once, over a network that refuses, forgets and delivers late, while
 * two processes follow, repair and conduct with leases so short that they overtake the requests. Afterwards, with the
 * network mended, both databases must agree.
 */

const size = { devices: 6, workflows: 16, people: 8, deeds: 120 };
const random = seededRandom('workflows');
const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({
    // Rests that would take seconds take milliseconds.
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 50, signal) },
    settings: {
      actionLeaseMs: 60,
      repairMs: 10,
      askAgainMs: 30,
      requeueMs: 100,
      checkBookingsMs: 50,
      feedWaitSeconds: 0.05,
    },
  });
});
after(() => lab.stop());

const devices = Array.from({ length: size.devices }, (_, index) => `robot-${index}`);
const ids: string[] = [];

async function create() {
  const { id } = await lab.workflow({
    device_id: pick(devices),
    steps: ['aspirate', 'dispense', 'incubate'],
    auto: random.next() < 0.3,
  });
  ids.push(id);
}

const queueing = () => ({ queue: random.next() < 0.5, priority: pick(['urgent', 'normal', 'low']) });
const bodies: Partial<Record<WorkflowRequest, () => object>> = {
  start: queueing,
  resume: queueing,
  'execute-step': () => ({ wait_seconds: 0 }),
  'resolve-step': () => ({ outcome: pick(['succeeded', 'failed']), reason: 'seen' }),
};

/** Mostly what the state allows when it is looked at; it may be another one when the request arrives. */
const act = async () => {
  const id = pick(ids);
  const { status, body } = await lab.get(`/workflows/${id}`);
  const sensible = requests.filter((request) => status === 200 && isAllowed(request, body.status));
  const request = random.next() < 0.2 || sensible.length === 0 ? pick(requests) : pick(sensible);
  // What ends a workflow is rarer than what brings it on.
  if (['cancel', 'delete', 'complete'].includes(request) && random.next() < 0.7) return;
  const answer =
    request === 'delete'
      ? await lab.delete(`/workflows/${id}`)
      : await lab.post(`/workflows/${id}/${request}`, bodies[request]?.());
  if (request === 'delete' && answer.status === 200) ids.splice(ids.indexOf(id), 1);
  assert.ok(answer.status < 500 || answer.status === 503, JSON.stringify(answer.body));
};
const finishOne = async () => {
  const running = [...lab.devices.executions.values()].filter((one) => one.status === 'running');
  const execution = running.length > 0 ? pick(running) : undefined;
  if (execution?.execution_id)
    lab.devices.finish(execution.execution_id, pick(['succeeded', 'succeeded', 'failed', 'unknown']));
};
const deeds: readonly (readonly [weight: number, deed: () => Promise<unknown>])[] = [
  [40, act],
  [3, create],
  [8, finishOne],
  [1, async () => lab.devices.releaseByHand(pick(devices))],
  [1, async () => lab.devices.cancelEntryByHand(pick(devices), pick(ids))],
  [1, async () => lab.devices.setPaused(pick(devices), random.next() < 0.3)],
  [4, async () => lab.network.deliver(random.below(Math.max(1, lab.network.stuck)))],
];
const hat = deeds.flatMap(([weight, deed]) => Array.from({ length: weight }, () => deed));

const Row = Type.Object({
  id: Type.String(),
  device_id: Type.String(),
  status: Type.String(),
  action: nullable(Type.String()),
  booking_id: nullable(Type.String()),
  queue_entry_id: nullable(Type.String()),
});
const allRows = rows(
  'test.random.rows',
  Row,
  'SELECT id, device_id, status, action, booking_id, queue_entry_id FROM workflows ORDER BY id',
);
const allSteps = rows(
  'test.random.steps',
  Type.Object({
    workflow_id: Type.String(),
    status: Type.String(),
    workflow_status: Type.String(),
    execution_id: nullable(Type.String()),
    by_hand: Type.Boolean(),
  }),
  `SELECT s.workflow_id, s.status, w.status AS workflow_status, s.execution_id,
          coalesce(s.result ? 'resolved_by_hand' OR s.error->>'code' = 'resolved_by_hand', false) AS by_hand
   FROM workflow_steps s JOIN workflows w ON w.id = s.workflow_id`,
);
const stopAuto = command('test.random.stop_auto', 'UPDATE workflows SET auto = false');

/** The network is mended, what hangs ends: afterwards nothing moves any more. */
async function settle() {
  lab.network.fault = () => undefined;
  lab.devices.onExecute = () => 'succeeded';
  for (const device of devices) lab.devices.setPaused(device, false);
  for (let round = 0; round < 50; round += 1) {
    for (const { execution_id } of lab.devices.executions.values())
      if (execution_id) lab.devices.finish(execution_id, 'succeeded');
    const before = lab.devices.events.length;
    await lab.follow();
    await lab.repairAll();
    const steps = await lab.database.db.query(allSteps);
    const found = await lab.database.db.query(allRows);
    const quiet =
      lab.devices.events.length === before &&
      steps.every((step) => step.status !== 'running') &&
      found.every((row) => row.action === null);
    if (quiet) return;
  }
  assert.fail('it does not come to rest');
}

async function checkAgreement() {
  const found = await lab.database.db.query(allRows);
  for (const row of found) {
    const told = JSON.stringify(row);
    assert.equal(row.action, null, told);
    const holder = lab.devices.holder(row.device_id);
    const holds = holder?.workflow_id === row.id;
    assert.equal(holds, row.status === 'running' || row.status === 'failed', told);
    assert.equal(row.booking_id, holds ? holder.id : null, told);
    const entries = lab.devices.waiting(row.device_id).filter((entry) => entry.workflow_id === row.id);
    assert.deepEqual(
      entries.map((entry) => entry.id),
      row.status === 'queued' ? [row.queue_entry_id] : [],
      told,
    );
  }
  const known = new Set(found.map((row) => row.id));
  for (const device of devices) {
    const holder = lab.devices.holder(device);
    assert.ok(!holder || known.has(holder.workflow_id), 'a workflow that is deleted holds a device');
    assert.ok(lab.devices.waiting(device).every((entry) => known.has(entry.workflow_id)));
  }
  for (const step of await lab.database.db.query(allSteps)) {
    const execution = lab.devices.executions.get(step.execution_id ?? '');
    const over = step.workflow_status === 'completed' || step.workflow_status === 'cancelled';
    assert.ok(!over || step.status !== 'pending', JSON.stringify(step));
    if (execution && !step.by_hand) assert.equal(step.status, execution.status, JSON.stringify(step));
  }
  assert.ok([...lab.devices.moves.values()].every((times) => times === 1));
}

/** The feed tells every state, none twice and none out of order: each begins where the one before it ended. */
async function checkTidings() {
  const stands = new Map<string, unknown>();
  let cursor: string | undefined;
  for (;;) {
    const { events, next_cursor } = await workflowEvents.read(lab.database.db, cursor);
    if (events.length === 0) break;
    cursor = next_cursor;
    for (const { type, workflow_id, data, id } of events) {
      const thing = type === 'step.changed' ? `${workflow_id} ${data.position}` : workflow_id;
      const before = stands.get(thing) ?? (type === 'step.changed' ? 'pending' : null);
      if (type === 'workflow.deleted') stands.delete(thing);
      else {
        assert.equal(data.previous, before, `event ${id}, ${type} of ${thing}`);
        stands.set(thing, data.status);
      }
    }
  }
  for (const { id, status } of await lab.database.db.query(allRows)) assert.equal(stands.get(id), status);
}

test('whatever happens, both sides agree in the end', async () => {
  for (const device of devices) lab.devices.addDevice(device);
  for (let count = 0; count < size.workflows; count += 1) await create();
  const faults: Fault[] = ['unreachable', 'lost', 'unanswered', 'late'];
  lab.network.fault = (call) =>
    call !== 'getDevice' && call !== 'checkOperation' && random.next() < (call === 'events' ? 0.03 : 0.15)
      ? pick(faults)
      : undefined;
  lab.devices.onExecute = () => pick(['succeeded', 'succeeded', 'failed', 'unknown', 'hang', 'hang']);

  const second = createLoops({
    ...lab.deps,
    wake: {
      repair: () => second.wakeRepair(),
      conductor: () => second.wakeConductor(),
      tasks: () => second.wakeTasks(),
    },
  });
  await Promise.all([lab.service.start(), second.part.start()]);
  try {
    await Promise.all(
      Array.from({ length: size.people }, async () => {
        for (let count = 0; count < size.deeds; count += 1) await pick(hat)();
      }),
    );
  } finally {
    await Promise.all([lab.service.stop(), second.part.stop()]);
  }
  await lab.database.db.execute(stopAuto);

  await settle();
  await checkAgreement();
  await checkTidings();
  // What was under way all the time arrives at last.
  while (lab.network.stuck > 0) await lab.network.deliver();
  await settle();
  await checkAgreement();
});
