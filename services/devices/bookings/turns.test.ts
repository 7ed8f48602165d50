import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ReleaseAnswer } from '@labwright/contract-devices';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Laboratory, openLaboratory } from '../testing/laboratory.ts';
import { lockDevice } from './lock-device.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
after(() => lab.close());

const waiters = rows(
  'test.turns.waiters',
  Type.Object({ waiting: Type.Integer(), numbered: Type.Integer() }),
  `SELECT count(*)::int AS waiting, count(a.backend_xid)::int AS numbered
   FROM pg_locks l JOIN pg_stat_activity a USING (pid)
   WHERE l.locktype = 'advisory' AND NOT l.granted AND a.datname = current_database()`,
);
const rename = command('test.turns.rename', `UPDATE devices SET name = name || '.' WHERE id = $1`);

/** Looks until so many transactions wait for their turn; answers how many of them have a number. */
async function waitingForTurn(count: number): Promise<number> {
  for (;;) {
    const found = await lab.db.first(waiters);
    if (found?.waiting === count) return found.numbered;
  }
}

/** Runs `action` while somebody else has the device; answers its outcome once it had to wait. */
async function outOfTurn<T>(id: string, action: () => Promise<T>): Promise<T> {
  const inside = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const other = lab.db.transaction(async (tx) => {
    await lockDevice(tx, id);
    await tx.execute(rename, [id]);
    inside.resolve();
    await leave.promise;
  });
  await inside.promise;
  const outcome = action();
  const numbered = await waitingForTurn(1);
  leave.resolve();
  await other;
  assert.equal(numbered, 0, 'it had a number before its turn');
  return outcome;
}

test('whoever changes a device waits for its turn, and has no transaction number before', {
  timeout: 60_000,
}, async () => {
  const id = await lab.addDevice();
  const path = `/devices/${id}`;
  assert.equal(
    (await outOfTurn(id, () => lab.api.book({ device_id: id, workflow_id: 'w1' }))).fencing_token,
    1,
  );
  const { entry } = await outOfTurn(id, () => lab.api.enqueue({ device_id: id, workflow_id: 'w2' }));
  await outOfTurn(id, () => lab.api.enqueue({ device_id: id, workflow_id: 'w3' }));
  const requests = [
    ['DELETE', `${path}/queue/${entry.id}`, undefined],
    ['POST', `${path}/release`, { workflow_id: 'w1' }],
    ['POST', `${path}/withdraw`, { workflow_id: 'w3' }],
    ['PATCH', path, { status: 'maintenance' }],
    ['DELETE', path, undefined],
  ] as const;
  for (const [method, url, body] of requests) {
    const { status } = await outOfTurn(id, () => lab.request(method, url, body));
    assert.equal(status, 200, `${method} ${url}`);
  }
});

test('an entry that is cancelled while its device is handed on is not booked', async () => {
  const id = await lab.addDevice();
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  const { entry } = await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  await lab.api.enqueue({ device_id: id, workflow_id: 'w3' });
  const leave = Promise.withResolvers<void>();
  const inside = Promise.withResolvers<void>();
  const other = lab.db.transaction(async (tx) => {
    await lockDevice(tx, id);
    inside.resolve();
    await leave.promise;
  });
  await inside.promise;
  const cancelled = lab.request('DELETE', `/devices/${id}/queue/${entry.id}`);
  await waitingForTurn(1);
  const released = lab.request<typeof ReleaseAnswer>('POST', `/devices/${id}/release`, { workflow_id: 'w1' });
  await waitingForTurn(2);
  leave.resolve();
  await other;
  assert.equal((await cancelled).status, 200);
  assert.equal((await released).body.next_booking?.workflow_id, 'w3');
});
