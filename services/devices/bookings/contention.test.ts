import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Laboratory, openLaboratory } from '../testing/laboratory.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory({ max: 20 });
});
after(() => lab.close());

const activeBookings = rows(
  'test.bookings.active',
  Type.Object({ id: Type.String(), workflow_id: Type.String(), fencing_token: Type.Integer() }),
  `SELECT id, workflow_id, fencing_token FROM device_bookings WHERE device_id = $1 AND status = 'active'`,
);

/** A hundred workflows book at the same moment; answers the one that won. */
async function rush(deviceId: string): Promise<string> {
  const workflows = Array.from({ length: 100 }, (_, index) => `rush-${index}`);
  const answers = await Promise.all(
    workflows.map((workflow_id) => lab.request('POST', `/devices/${deviceId}/book`, { workflow_id })),
  );
  const won = workflows.filter((_, index) => answers[index]?.status === 200);
  const lost = answers.filter(({ status }) => status === 409);
  assert.equal(won.length, 1);
  assert.equal(lost.length, 99);
  for (const { body } of lost) {
    assert.equal(body.code, 'device_busy');
    assert.equal((body.holder as { workflow_id: string }).workflow_id, won[0]);
  }
  return won[0] ?? '';
}

test('a hundred bookings at once: one succeeds and ninety-nine get 409, again and again', async () => {
  const id = await lab.addDevice();
  for (let round = 1; round <= 5; round += 1) {
    const winner = await rush(id);
    const active = await lab.db.query(activeBookings, [id]);
    assert.equal(active.length, 1);
    assert.partialDeepStrictEqual(active[0], { workflow_id: winner, fencing_token: round });
    const { status } = await lab.request('POST', `/devices/${id}/release`, { workflow_id: winner });
    assert.equal(status, 200);
  }
});

test('the holder asks a hundred times at once: always the same booking', async () => {
  const id = await lab.addDevice();
  const bookings = await Promise.all(
    Array.from({ length: 100 }, () => lab.api.book({ device_id: id, workflow_id: 'w1' })),
  );
  assert.equal(new Set(bookings.map((booking) => booking.id)).size, 1);
  assert.equal(bookings[0]?.fencing_token, 1);
});

test('a hundred workflows queue at once on a free device: one is booked, and then each in its turn', async () => {
  const id = await lab.addDevice();
  const workflows = Array.from({ length: 100 }, (_, index) => `queue-${index}`);
  const answers = await Promise.all(
    workflows.map((workflow_id) => lab.api.enqueue({ device_id: id, workflow_id })),
  );
  const entries = answers.map(({ entry }) => entry).sort((a, b) => Number(a.id) - Number(b.id));
  const [first] = answers.filter(({ booking }) => booking !== null);
  assert.equal(first?.entry.id, entries[0]?.id);
  for (const { workflow_id } of entries) {
    const active = await lab.db.query(activeBookings, [id]);
    assert.deepEqual(
      active.map((booking) => booking.workflow_id),
      [workflow_id],
    );
    await lab.api.withdraw({ device_id: id, workflow_id });
  }
});

test('a status set to available by hand while somebody holds the device counts as busy', async () => {
  const id = await lab.addDevice();
  const held = await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await lab.db.raw(`UPDATE devices SET status = 'available' WHERE id = '${id}'`);
  const { status, body } = await lab.request('POST', `/devices/${id}/book`, { workflow_id: 'w2' });
  assert.equal(status, 409);
  assert.partialDeepStrictEqual(body, { code: 'device_busy', holder: { booking_id: held.id } });
  assert.equal((await lab.api.book({ device_id: id, workflow_id: 'w1' })).id, held.id);
});

test('a booking deleted by hand: the device can be booked at once, with a higher token', async () => {
  const id = await lab.addDevice();
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await lab.db.raw(`DELETE FROM device_bookings WHERE device_id = '${id}'`);
  const booked = await lab.api.book({ device_id: id, workflow_id: 'w2' });
  assert.equal(booked.fencing_token, 2);
});

test('a device freed by hand while others wait is not taken past them', async () => {
  const id = await lab.addDevice();
  await lab.api.book({ device_id: id, workflow_id: 'w1' });
  await lab.api.enqueue({ device_id: id, workflow_id: 'w2' });
  await lab.db.raw(
    `DELETE FROM device_bookings WHERE device_id = '${id}'; UPDATE devices SET status = 'available' WHERE id = '${id}'`,
  );
  const { status, body } = await lab.request('POST', `/devices/${id}/book`, { workflow_id: 'w3' });
  assert.equal(status, 409);
  assert.partialDeepStrictEqual(body, { holder: { workflow_id: 'w2' }, queue_length: 0 });
});
