import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { systemClock } from '@labwright/kernel/clock';
import { type Laboratory, openLaboratory } from './test-support/laboratory.ts';

/* The loops at work by themselves, with the service around them. */

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({
    loops: true,
    // All rounds and reads are far apart: only news, pokes and the stop make things move.
    settings: { actionLeaseMs: 2_400_000, repairMs: 600_000, feedWaitSeconds: 60 },
    // Rests that would take seconds take milliseconds.
    clock: { ...systemClock, sleep: (ms, signal) => systemClock.sleep(ms / 50, signal) },
  });
  await lab.service.start();
});
beforeEach(() => {
  lab.network.fault = () => undefined;
  lab.devices.onExecute = () => 'succeeded';
});
after(() => lab.stop());

/** Asks until the workflow has come into this state. */
async function reaches(id: string, status: string) {
  let now: string;
  do now = (await lab.get(`/workflows/${id}`)).body.status;
  while (now !== status);
}

test('auto: from start to completed without being asked', { timeout: 30_000 }, async () => {
  const { id } = await lab.workflow({ steps: ['aspirate', 'dispense', 'incubate'], auto: true });
  await lab.post(`/workflows/${id}/start`);
  await reaches(id, 'completed');
});

test('a queue of auto workflows works itself off in its order', { timeout: 60_000 }, async () => {
  const first = await lab.workflow({ auto: true });
  const { device_id } = first;
  lab.devices.onExecute = () => 'hang';
  await lab.post(`/workflows/${first.id}/start`);
  const others: string[] = [];
  for (const priority of ['low', 'normal', 'urgent']) {
    const { id } = await lab.workflow({ device_id, auto: true });
    await lab.post(`/workflows/${id}/start`, { queue: true, priority });
    others.push(id);
  }
  lab.devices.onExecute = () => 'succeeded';
  for (const id of lab.devices.executions.keys()) lab.devices.finish(id, 'succeeded');
  await Promise.all(others.map((id) => reaches(id, 'completed')));
  const order = lab.devices.events
    .filter((event) => event.device_id === device_id && event.type === 'booking.granted')
    .map((event) => event.workflow_id);
  assert.deepEqual(order, [first.id, ...others.reverse()]);
});

test('what is to be undone is undone at once, not at the next round', { timeout: 30_000 }, async () => {
  const { id, device_id } = await lab.workflow();
  lab.network.fault = (call) => (call === 'book' ? 'unanswered' : undefined);
  await lab.post(`/workflows/${id}/start`);
  lab.network.fault = () => undefined;
  while (lab.devices.holder(device_id)) await lab.get(`/workflows/${id}`);
});

test('an outage of device-service ends, and everything goes on', { timeout: 60_000 }, async () => {
  const { id } = await lab.workflow({ auto: true });
  const other = await lab.workflow();
  await lab.post(`/workflows/${id}/start`);
  await lab.post(`/workflows/${other.id}/start`);
  const over = new Promise<void>((resolve) => {
    let calls = 0;
    lab.network.fault = () => {
      calls += 1;
      if (calls < 10) return 'unreachable';
      lab.network.fault = () => undefined;
      resolve();
      return 'unreachable';
    };
  });
  lab.devices.releaseByHand(other.device_id);
  await over;
  await Promise.all([reaches(id, 'completed'), reaches(other.id, 'paused')]);
});

test('stops in the middle of a long wait, and twice', { timeout: 10_000 }, async () => {
  await Promise.all([lab.service.stop(), lab.service.stop()]);
});

test('the figures tell what happened', async () => {
  const { body } = await lab.server.app.inject('/metrics');
  for (const line of [
    /workflows_total\{outcome="completed",service="workflow-service"\} [4-9]/,
    /workflow_step_duration_seconds_count\{service="workflow-service",operation="aspirate",status="succeeded"\} [4-9]/,
    /workflow_repairs_total\{action="undo",service="workflow-service"\} [1-9]/,
    /device_feed_lag_seconds\{service="workflow-service"\} \d/,
  ])
    assert.match(body, line);
});
