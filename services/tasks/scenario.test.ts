/** A day of a busy laboratory: several hundred tasks, and twenty people who race for them. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { rows } from '@labwright/kernel/statement';
import { seededRandom } from '@labwright/kernel/testing';
import Type from 'typebox';
import { type Office, openOffice } from './testing/office.ts';

const taskCount = 400;
const workers = 20;

let office: Office;
before(async () => {
  office = await openOffice();
});
after(() => office.stop());

const counts = rows(
  'test.tasks.counts',
  Type.Object({ kind: Type.String(), entries: Type.Integer(), tasks: Type.Integer() }),
  `SELECT kind, count(*)::int AS entries, count(DISTINCT task_id)::int AS tasks FROM task_history GROUP BY kind`,
);

test('each task is done once, by the one who took it, with what they found', {
  timeout: 90_000,
}, async () => {
  const random = seededRandom('twenty people');
  const made = await Promise.all(
    Array.from({ length: taskCount }, (_, n) =>
      office.task({
        title: `Plate ${n}`,
        fields: [{ type: 'number', name: 'volume', label: 'Volume', whole: true }],
        ...(n % 3 === 0 ? { assignee: { role: 'operator' } } : {}),
        ...(n % 5 === 0 ? { due_at: '2099-01-01T00:00:00Z' } : {}),
      }),
    ),
  );
  const doneBy = new Map<string, string>();
  let refusals = 0;
  const person = async (n: number) => {
    const me = `op-${n}`;
    for (;;) {
      const list = await office.ask(me, 'GET', '/tasks?order=due&status=open&limit=10');
      const open = list.body.tasks;
      if (open.length === 0) return;
      const { id } = open[random.below(open.length)] ?? { id: '' };
      const claim = await office.ask(me, 'POST', `/tasks/${id}/claim`);
      if (claim.status !== 200) {
        assert.equal(claim.status, 409, JSON.stringify(claim.body));
        refusals += 1;
        continue;
      }
      // Some think again, some are disturbed by a change, most just do it.
      if (random.below(8) === 0) {
        assert.equal((await office.ask(me, 'POST', `/tasks/${id}/release`)).status, 200);
        continue;
      }
      if (random.below(8) === 0) {
        const change = await office.ask(
          'ada',
          'PATCH',
          `/tasks/${id}`,
          { priority: 'urgent' },
          { 'if-match': '*' },
        );
        assert.equal(change.status, 200);
      }
      const seen = claim.body.version;
      const complete = (version: number) =>
        office.ask(me, 'POST', `/tasks/${id}/complete`, { version, values: { volume: n } });
      const first = await complete(seen);
      const done = first.status === 409 ? await complete(first.body.task.version) : first;
      assert.equal(done.status, 200, JSON.stringify(done.body));
      assert.ok(!doneBy.has(id), 'done twice');
      doneBy.set(id, me);
    }
  };
  await Promise.all(Array.from({ length: workers }, (_, n) => person(n)));
  assert.equal(doneBy.size, taskCount);
  assert.ok(refusals > 0, 'nobody ever met anybody');
  for (const { id } of made) {
    const { status, holder, values } = (await office.ask('vera', 'GET', `/tasks/${id}`)).body;
    assert.deepEqual(
      [status, holder?.id, values],
      ['completed', doneBy.get(id), { volume: Number(holder?.id.slice(3)) }],
    );
  }
  const noted = new Map((await office.database.db.query(counts)).map((row) => [row.kind, row]));
  assert.deepEqual(noted.get('completed'), { kind: 'completed', entries: taskCount, tasks: taskCount });
  assert.equal(
    noted.get('claimed')?.entries,
    taskCount + (noted.get('released')?.entries ?? 0),
    'each hand that took a task did it or gave it back',
  );
});
