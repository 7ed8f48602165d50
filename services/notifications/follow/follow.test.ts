import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { DeviceEvent } from '@labwright/contract-devices';
import { type WorkflowEvent, workflowErrors } from '@labwright/contract-workflows';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { openNotifications, type TestNotifications } from '../testing/open.ts';
import { devicesSource, type Source, takeInPage, workflowsSource } from './follow.ts';

/** A feed in memory: its cursor is how many events were read. */
function feed<E>() {
  const events: E[] = [];
  let ids = 0;
  return {
    events,
    nextId: () => String(++ids),
    api: {
      events: async ({ cursor }: { cursor?: string }) => {
        const from = Number(cursor ?? 0);
        if (from > events.length) throw workflowErrors.problem('invalid_cursor', 'It is ahead of us.');
        const page = events.slice(from, from + 3);
        return {
          events: page.map((event, index) => ({ ...event, cursor: String(from + index + 1) })),
          next_cursor: String(from + page.length),
        };
      },
    },
  };
}

let hub: TestNotifications;
let devices: ReturnType<typeof feed<DeviceEvent>>;
let workflows: ReturnType<typeof feed<WorkflowEvent>>;
let published: [string, string][];
before(async () => {
  hub = await openNotifications();
});
const clear = [
  command('test.follow.clear_jobs', 'DELETE FROM jobs'),
  command('test.follow.clear_inbox', 'DELETE FROM notification_inbox'),
  command('test.follow.clear_events', 'DELETE FROM notification_events'),
  command('test.follow.clear_devices', 'DELETE FROM notification_devices'),
  command('test.follow.clear_places', 'UPDATE notification_followed SET cursor = NULL'),
];
beforeEach(async () => {
  for (const statement of clear) await hub.db.execute(statement);
  devices = feed();
  workflows = feed();
  published = [];
});
after(() => hub.close());

const at = () => new Date().toISOString();
const deviceSays = (type: DeviceEvent['type'], data: object, more: Partial<DeviceEvent> = {}) =>
  devices.events.push({
    id: devices.nextId(),
    type,
    device_id: 'r1',
    workflow_id: null,
    data: { ...data },
    at: at(),
    ...more,
  });
const stands = (status: string, paused = false, deleted = false) =>
  deviceSays('device.changed', { status, paused, deleted });
const workflowIs = (status: string, more: object = {}, event: Partial<WorkflowEvent> = {}) =>
  workflows.events.push({
    id: workflows.nextId(),
    type: 'workflow.changed',
    workflow_id: 'w1',
    device_id: 'r1',
    data: { name: 'PCR', status, previous: 'running', reason: null, by: null, cause: null, ...more },
    at: at(),
    ...event,
  });

const announced = rows(
  'test.follow.announced',
  Type.Object({ type: Type.String(), severity: Type.String() }),
  'SELECT type, severity FROM notification_events ORDER BY occurred_at, announced_at',
);
const told = async () => (await hub.db.query(announced)).map(({ type, severity }) => `${type} ${severity}`);
const deps = () => ({
  ...hub.deps,
  live: { publish: (room: string, { type }: { type: string }) => void published.push([room, type]) },
});
const takeIn = async (source: Source) => {
  while ((await takeInPage(deps(), source, { waitSeconds: 0 })) > 0);
};
const all = async () => {
  await takeIn(devicesSource(devices.api as never) as Source);
  await takeIn(workflowsSource(workflows.api as never) as Source);
};

test('of a device: what changed, not how it stands; failed operations, doubtful ones, and bookings that were waited for', async () => {
  stands('available');
  stands('maintenance');
  stands('maintenance');
  stands('available');
  stands('available', true);
  stands('busy', true);
  stands('busy', false);
  stands('busy', false, true);
  deviceSays(
    'booking.granted',
    { booking_id: '1', fencing_token: 1, queue_entry_id: null },
    { workflow_id: 'w1' },
  );
  deviceSays(
    'booking.granted',
    { booking_id: '2', fencing_token: 2, queue_entry_id: '9' },
    { workflow_id: 'w2' },
  );
  const outcome = { operation: 'aspirate', error: { code: 'clogged', message: 'The tip is clogged' } };
  deviceSays('execution.finished', { ...outcome, status: 'failed' }, { workflow_id: 'w2' });
  deviceSays('execution.finished', { ...outcome, status: 'unknown' }, { workflow_id: 'w2' });
  deviceSays(
    'execution.finished',
    { operation: 'aspirate', status: 'succeeded', error: null },
    { workflow_id: 'w2' },
  );
  deviceSays('queue.entered', { entry_id: '1' });
  await all();
  assert.deepEqual(await told(), [
    'device.maintenance warning',
    'device.back info',
    'device.paused warning',
    'device.resumed info',
    'booking.granted info',
    'operation.failed info',
    'device.error warning',
  ]);
});

test('of a workflow: one message for one trouble, as grave as it is', async () => {
  workflowIs('running');
  workflowIs('failed', { cause: 'failed', reason: 'Step 1 failed' });
  workflowIs('failed', { cause: 'unknown', reason: 'Nobody knows' });
  workflowIs('paused', { by: 'pause' });
  workflowIs('paused', { reason: 'The booking is gone' });
  workflowIs('completed', { by: 'complete' });
  workflowIs('cancelled', { by: 'cancel' });
  workflows.events.push({
    id: workflows.nextId(),
    type: 'step.changed',
    workflow_id: 'w1',
    device_id: 'r1',
    data: { status: 'unknown' },
    at: at(),
  });
  await all();
  assert.deepEqual(await told(), [
    'workflow.failed warning',
    'step.unknown critical',
    'workflow.paused info',
    'workflow.paused warning',
    'workflow.completed info',
    'workflow.cancelled info',
  ]);
});

test('each event counts once: read by two processes at once, and read all over again', async () => {
  for (let n = 0; n < 9; n += 1) workflowIs('failed', { cause: 'failed' });
  const source = workflowsSource(workflows.api as never) as Source;
  await Promise.all([takeIn(source), takeIn(source), takeIn(source)]);
  await takeIn(source);
  assert.equal((await told()).length, 9);
  // The place was lost: the same events come again.
  await hub.db.execute(clear[4] as never);
  await takeIn(source);
  assert.equal((await told()).length, 9);
});

test('every event goes to whoever looks at its device, its run, or the laboratory', async () => {
  workflowIs('running');
  stands('maintenance');
  await all();
  assert.deepEqual(published, [
    ['device:r1', 'device.changed'],
    ['lab', 'device.changed'],
    ['device:r1', 'workflow.changed'],
    ['run:w1', 'workflow.changed'],
    ['lab', 'workflow.changed'],
  ]);
});

test('what happened more than a day ago is no news', async () => {
  const old = new Date(Date.now() - 25 * 3_600_000).toISOString();
  workflowIs('failed', { cause: 'failed' }, { at: old });
  workflowIs('failed', { cause: 'failed' });
  await all();
  assert.equal((await told()).length, 1);
});

test('a feed that was replaced is read from its beginning; its events, though numbered alike, are others', async () => {
  for (let n = 0; n < 5; n += 1) workflowIs('failed', { cause: 'failed' });
  const source = workflowsSource(workflows.api as never) as Source;
  await takeIn(source);
  workflows.events.length = 0;
  const again = feed<WorkflowEvent>();
  workflows = again;
  await new Promise((resolve) => setImmediate(resolve));
  const later = new Date(Date.now() + 5).toISOString();
  workflowIs('failed', { cause: 'failed' }, { at: later });
  const other = workflowsSource(again.api as never) as Source;
  await assert.rejects(takeIn(other), /ahead of us/);
  await takeIn(other);
  assert.equal((await told()).length, 6);
});

test('a name that is not ours to trust arrives as text', async () => {
  workflowIs('failed', { cause: 'failed', name: 'x\n\u0007<b>', reason: 'y' });
  await hub.subscribeMany(1, 1);
  await all();
  await hub.settled();
  const { body } = await hub.request('GET', '/notifications');
  const [line] = body.notifications as { title: string; link: string }[];
  assert.equal(line?.title, 'x <b> failed');
  assert.equal(line?.link, '/workflows/w1');
});
