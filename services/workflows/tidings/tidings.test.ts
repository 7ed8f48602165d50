import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import type { WorkflowEvent } from '@labwright/contract-workflows';
import { command, rows } from '@labwright/kernel/statement';
import Type from 'typebox';
import { type Laboratory, openLaboratory } from '../test-support/laboratory.ts';
import { lockWorkflow } from '../workflow-row.ts';
import { workflowEvents } from './events.ts';

let lab: Laboratory;
before(async () => {
  lab = await openLaboratory();
});
beforeEach(() => {
  lab.devices.onExecute = () => 'succeeded';
});
after(() => lab.stop());

/** What the feed tells of one workflow: of each event what came, and whence. */
async function toldOf(id: string): Promise<unknown[][]> {
  const told: WorkflowEvent[] = [];
  let cursor: string | undefined;
  for (;;) {
    const page = await workflowEvents.read(lab.database.db, cursor);
    told.push(...page.events.filter(({ workflow_id }) => workflow_id === id));
    cursor = page.next_cursor;
    if (page.events.length === 0) break;
  }
  return told.map(({ type, data }) =>
    type === 'step.changed' ? [data.position, data.status] : [type, data.status, data.by, data.cause],
  );
}

test('a run tells each state of the workflow and of its steps once, in order', async () => {
  const { id } = await lab.workflow({ steps: ['aspirate', 'dispense'] });
  await lab.post(`/workflows/${id}/start`);
  await lab.post(`/workflows/${id}/execute-step`);
  await lab.post(`/workflows/${id}/execute-step`);
  await lab.post(`/workflows/${id}/complete`);
  assert.deepEqual(await toldOf(id), [
    ['workflow.created', 'created', null, null],
    ['workflow.changed', 'running', 'start', null],
    [1, 'running'],
    [1, 'succeeded'],
    [2, 'running'],
    [2, 'succeeded'],
    ['workflow.changed', 'completed', 'complete', null],
  ]);
});

for (const ending of ['failed', 'unknown'] as const)
  test(`a step that is ${ending} is told before the failure of its workflow, which names it as the cause`, async () => {
    lab.devices.onExecute = () => ending;
    const { id } = await lab.workflow({ steps: ['aspirate'] });
    await lab.post(`/workflows/${id}/start`);
    await lab.post(`/workflows/${id}/execute-step`);
    assert.deepEqual((await toldOf(id)).slice(2), [
      [1, 'running'],
      [1, ending],
      ['workflow.changed', 'failed', null, ending],
    ]);
  });

test('a pause that somebody asked for names the action, one that came by itself none', async () => {
  const asked = await lab.workflowIn('paused');
  assert.deepEqual((await toldOf(asked.id)).at(-1), ['workflow.changed', 'paused', 'pause', null]);
  const lost = await lab.workflowIn('running');
  lab.devices.releaseByHand(lost.device_id);
  await lab.follow();
  assert.deepEqual((await toldOf(lost.id)).at(-1), ['workflow.changed', 'paused', null, null]);
});

test('a workflow that is deleted is told; what a person changes with psql too', async () => {
  const { id } = await lab.workflowIn('created');
  await lab.delete(`/workflows/${id}`);
  assert.equal((await toldOf(id)).at(-1)?.[0], 'workflow.deleted');
  const other = await lab.workflowIn('running');
  await lab.database.db.execute(
    command('test.tidings.by_hand', `UPDATE workflows SET status = 'cancelled' WHERE id = $1`),
    [other.id],
  );
  assert.deepEqual((await toldOf(other.id)).at(-1), ['workflow.changed', 'cancelled', null, null]);
});

const waiters = rows(
  'test.tidings.waiters',
  Type.Object({ waiting: Type.Integer(), numbered: Type.Integer() }),
  `SELECT count(*)::int AS waiting, count(a.backend_xid)::int AS numbered
   FROM pg_locks l JOIN pg_stat_activity a USING (pid)
   WHERE l.locktype = 'advisory' AND NOT l.granted AND a.datname = current_database()`,
);
const touch = command('test.tidings.touch', 'UPDATE workflows SET updated_at = now() WHERE id = $1');

test('whoever changes a workflow waits for its turn, and has no transaction number before', {
  timeout: 60_000,
}, async () => {
  for (const [from, act] of [
    ['running', (id: string) => lab.post(`/workflows/${id}/execute-step`)],
    ['running', (id: string) => lab.post(`/workflows/${id}/complete`)],
    ['created', (id: string) => lab.post(`/workflows/${id}/start`)],
    ['created', (id: string) => lab.delete(`/workflows/${id}`)],
  ] as const) {
    const { id } = await lab.workflowIn(from);
    const inside = Promise.withResolvers<void>();
    const leave = Promise.withResolvers<void>();
    const other = lab.database.db.transaction(async (tx) => {
      await lockWorkflow(tx, id);
      await tx.execute(touch, [id]);
      inside.resolve();
      await leave.promise;
    });
    await inside.promise;
    const answer = act(id);
    let found = await lab.database.db.first(waiters);
    while (found?.waiting !== 1) found = await lab.database.db.first(waiters);
    leave.resolve();
    await other;
    assert.equal(found.numbered, 0, 'it had a number before its turn');
    assert.equal((await answer).status, 200);
  }
});
