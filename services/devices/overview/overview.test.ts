/** The overview says of each device the same as the routes of that one device do. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { DeviceView, OverviewPage, WaitTime } from '@labwright/contract-devices';
import { systemClock } from '@labwright/kernel/clock';
import { type Laboratory, openLaboratory } from '../testing/laboratory.ts';

/** Stands still, so that two estimates one after the other are the same. */
const frozen = Date.now() + 5_000;
let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({ clock: { ...systemClock, now: () => frozen } });
});
after(() => lab.close());

const overview = async (query = '') =>
  (await lab.request<typeof OverviewPage>('GET', `/overview${query}`)).body;

test('each device as its own routes have it, whatever it does', async () => {
  const ids = await Promise.all(Array.from({ length: 7 }, () => lab.addDevice()));
  const [held = '', queued = '', undeclared = '', running = '', paused = '', maintenance = ''] = ids;
  const book = (device_id: string, operations: string[]) =>
    lab.api.book({ device_id, workflow_id: `holder-of-${device_id}`, operations });
  await book(held, ['stir', 'soak']);
  await book(queued, ['stir']);
  for (const [index, priority] of (['normal', 'urgent', 'low'] as const).entries())
    await lab.api.enqueue({
      device_id: queued,
      workflow_id: `w${index}`,
      priority,
      operations: ['stir', 'soak'],
    });
  await lab.api.enqueue({ device_id: queued, workflow_id: 'says-nothing' });
  await book(undeclared, []);
  await book(running, ['stir', 'soak']);
  await book(paused, ['soak']);
  const begun = await lab.request('POST', `/devices/${running}/execute`, {
    workflow_id: `holder-of-${running}`,
    operation: 'soak',
    wait_seconds: 0,
  });
  assert.ok(begun.status < 300, JSON.stringify(begun.body));
  await lab.request('PATCH', `/devices/${paused}`, { paused: true });
  await lab.request('PATCH', `/devices/${maintenance}`, { status: 'maintenance', reason: 'a new lamp' });

  const { devices } = await overview('?limit=100');
  assert.deepEqual(
    devices.map(({ id }) => id),
    ids.toSorted(),
  );
  for (const { running: now, operations_done, holder_waits, holder_until, free, ...view } of devices) {
    const own = await lab.request<typeof DeviceView>('GET', `/devices/${view.id}`);
    assert.deepEqual(view, own.body);
    const wait = await lab.request<typeof WaitTime>('GET', `/devices/${view.id}/wait-time?priority=low`);
    assert.equal(free.seconds, wait.body.estimated_wait_seconds, view.id);
    assert.equal(free.seconds_p90, wait.body.estimated_wait_seconds_p90, view.id);
    assert.equal(now?.operation, view.id === running ? 'soak' : undefined);
    assert.equal(operations_done, 0);
    assert.equal(holder_waits, null, 'nobody said so');
    if (view.queue_length === 0) assert.deepEqual(holder_until, free);
  }
});

test('in pages, by status', async () => {
  const all = (await overview()).devices.map(({ id }) => id);
  const paged: string[] = [];
  for (let cursor = ''; ; ) {
    const page = await overview(`?limit=2${cursor}`);
    paged.push(...page.devices.map(({ id }) => id));
    if (page.next_cursor === null) break;
    cursor = `&cursor=${encodeURIComponent(page.next_cursor)}`;
  }
  assert.deepEqual(paged, all);
  const broken = (await overview('?status=maintenance')).devices;
  assert.deepEqual(
    broken.map(({ status }) => status),
    ['maintenance'],
  );
});
