import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { type Office, openOffice } from './testing/office.ts';

let office: Office;
before(async () => {
  office = await openOffice();
});
after(() => office.stop());

async function all(who: string, query: string, limit = 7): Promise<string[]> {
  const ids: string[] = [];
  let cursor: string | null = '';
  do {
    const next: string = cursor ? `&cursor=${cursor}` : '';
    const { status, body } = await office.ask(who, 'GET', `/tasks?limit=${limit}&${query}${next}`);
    assert.equal(status, 200, JSON.stringify(body));
    assert.ok(body.tasks.length <= limit);
    ids.push(...body.tasks.map(({ id }) => id));
    cursor = body.next_cursor;
  } while (cursor !== null);
  return ids;
}

test('every combination of filters answers what it says, in its order, page by page', async () => {
  const random = seededRandom('lists of tasks');
  const pick = <T>(from: readonly T[]): T => from[random.below(from.length)] as T;
  const made: {
    id: string;
    status: string;
    owner: string | undefined;
    role: string | undefined;
    workflow: string | undefined;
    device: string | undefined;
    due: string | undefined;
  }[] = [];
  for (let n = 0; n < 60; n += 1) {
    const assignee = pick([undefined, { person: 'olga' }, { role: 'scientist' }, { role: 'admin' }]);
    const due = pick([undefined, '2098-01-01T00:00:00Z', '2099-01-01T00:00:00Z']);
    const workflow = pick([undefined, 'w-1']);
    const device = pick([undefined, 'd-1']);
    const { id } = await office.task({
      ...(assignee ? { assignee } : {}),
      ...(due ? { due_at: due } : {}),
      ...(workflow ? { workflow_id: workflow } : {}),
      ...(device ? { device_id: device } : {}),
    });
    const fate = pick(['open', 'in_progress', 'completed', 'cancelled']);
    const doer = assignee && 'person' in assignee ? 'olga' : 'adam';
    if (fate === 'in_progress') await office.ask(doer, 'POST', `/tasks/${id}/claim`);
    if (fate === 'completed') await office.ask(doer, 'POST', `/tasks/${id}/complete`);
    if (fate === 'cancelled') await office.ask('adam', 'POST', `/tasks/${id}/cancel`, { reason: 'x' });
    const held = fate === 'in_progress' || fate === 'completed';
    const person = assignee && 'person' in assignee ? assignee.person : undefined;
    made.push({
      id,
      status: fate,
      owner: held ? doer : person,
      role: assignee && 'role' in assignee ? assignee.role : undefined,
      workflow,
      device,
      due,
    });
  }
  const active = (task: { status: string }) => task.status === 'open' || task.status === 'in_progress';
  for (let round = 0; round < 80; round += 1) {
    const order = pick(['newest', 'due']);
    const status = pick([undefined, 'active', 'open', 'in_progress', 'completed', 'cancelled']);
    const mine = pick([false, true]);
    const my_role = pick([false, true]);
    const workflow = pick([undefined, 'w-1']);
    const device = pick([undefined, 'd-1']);
    const due = pick([undefined, '2098-06-01T00:00:00Z']);
    const query = [
      `order=${order}`,
      status && `status=${status}`,
      mine && 'mine=true',
      my_role && 'my_role=true',
      workflow && `workflow_id=${workflow}`,
      device && `device_id=${device}`,
      due && `due_before=${due}`,
    ]
      .filter(Boolean)
      .join('&');
    const wanted = made.filter(
      (task) =>
        (status === undefined
          ? order === 'newest' || active(task)
          : status === 'active'
            ? active(task)
            : task.status === status) &&
        (!mine || task.owner === 'olga') &&
        (!my_role || task.role === 'scientist') &&
        (!workflow || task.workflow === workflow) &&
        (!device || task.device === device) &&
        (!due || (task.due !== undefined && task.due < due)),
    );
    const found = await all('olga', query);
    assert.deepEqual([...found].sort(), wanted.map(({ id }) => id).sort(), query);
    if (order === 'newest') assert.deepEqual(found, wanted.map(({ id }) => id).reverse(), query);
    else {
      const dues = found.map((id) => made.find((task) => task.id === id)?.due ?? 'never');
      assert.deepEqual(dues, [...dues].sort(), query);
    }
  }
});

test('400 invalid_cursor: a cursor of another order, or none of ours', async () => {
  for (let n = 0; n < 3; n += 1) await office.task({ due_at: '2097-01-01T00:00:00Z' });
  const { next_cursor } = (await office.ask('vera', 'GET', '/tasks?limit=1')).body;
  const forged = (parts: unknown) => Buffer.from(JSON.stringify(parts)).toString('base64url');
  const id = '00000000-0000-4000-8000-000000000000';
  const bad = [
    [`order=due&cursor=${next_cursor}`],
    ['cursor=nonsense'],
    [`cursor=${forged(['newest', '2026-02-30T00:00:00Z', id])}`],
    [`cursor=${forged(['newest', '0000-01-01T00:00:00Z', id])}`],
    [`cursor=${forged(['newest', '2026-01-01T00:00:00Z', 'x'])}`],
    [`cursor=${forged(['newest', '2026-01-01T00:00:00Z', id, 1])}`],
    [`cursor=${forged({})}`],
  ];
  for (const [query] of bad) {
    const answer = await office.ask('vera', 'GET', `/tasks?${query}`);
    assert.equal(answer.status, 400, query);
    assert.equal(answer.body.code, 'invalid_cursor');
  }
});
