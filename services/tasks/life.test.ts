import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, test } from 'node:test';
import { command, rows } from '@labwright/kernel/statement';
import { eventually } from '@labwright/kernel/testing';
import Type from 'typebox';
import { type Office, openOffice } from './testing/office.ts';

let office: Office;
before(async () => {
  office = await openOffice();
  await office.work();
});
after(() => office.stop());

const kinds = async (id: string) =>
  (await office.ask('vera', 'GET', `/tasks/${id}/history`)).body.history.map(({ kind }) => kind);
const toldOf = (id: string) => office.told.filter(({ link }) => link === `/tasks/${id}`);

test('POST /tasks 201: open, with all that was given; its ETag is its version', async () => {
  const given = {
    title: 'Seal the plate',
    instructions: '**Both** sides. <script>alert(1)</script>',
    fields: [{ type: 'number', name: 'volume', label: 'Volume', unit: 'uL', minimum: 0, maximum: 200 }],
    assignee: { role: 'operator' },
    priority: 'urgent',
    due_at: '2099-01-01T00:00:00Z',
    workflow_id: 'w-1',
    device_id: 'sealer-1',
  };
  const { status, body, headers } = await office.ask('ada', 'POST', '/tasks', given);
  assert.equal(status, 201);
  assert.partialDeepStrictEqual(body, {
    ...given,
    status: 'open',
    holder: null,
    values: null,
    step: null,
    version: 1,
    created_by: { id: 'ada', name: 'ADA' },
  });
  assert.equal(headers.etag, '"1"');
  assert.equal(headers.location, `/tasks/${body.id}`);
  assert.deepEqual((await office.ask('vera', 'GET', `/tasks/${body.id}`)).body, body);
  assert.deepEqual(
    toldOf(body.id).map(({ type, severity, recipients, subject }) => [type, severity, recipients, subject]),
    [['task.assigned', 'warning', undefined, { device_id: 'sealer-1', workflow_id: 'w-1' }]],
  );
});

test('open → in_progress → completed, with its values and its history', async () => {
  const { id } = await office.task({
    fields: [{ type: 'yes_no', name: 'sealed', label: 'Sealed?' }],
    assignee: { person: 'olga' },
  });
  const claimed = await office.ask('olga', 'POST', `/tasks/${id}/claim`);
  assert.partialDeepStrictEqual(claimed.body, {
    status: 'in_progress',
    holder: { id: 'olga', name: 'OLGA' },
    version: 2,
  });
  assert.ok(claimed.body.started_at);
  const done = await office.ask('olga', 'POST', `/tasks/${id}/complete`, {
    values: { sealed: true },
    comment: 'Seal 2 was loose',
  });
  assert.equal(done.status, 200);
  assert.partialDeepStrictEqual(done.body, { status: 'completed', values: { sealed: true }, version: 3 });
  assert.ok(done.body.finished_at);
  const { history } = (await office.ask('vera', 'GET', `/tasks/${id}/history`)).body;
  assert.deepEqual(
    history.map(({ kind, by, version, text }) => [kind, by.id, version, text]),
    [
      ['created', 'ada', 1, null],
      ['claimed', 'olga', 2, null],
      ['completed', 'olga', 3, 'Seal 2 was loose'],
    ],
  );
  assert.deepEqual(
    toldOf(id).map(({ type, recipients }) => [type, recipients]),
    [
      ['task.assigned', ['olga']],
      ['task.completed', ['ada']],
    ],
  );
});

test('whoever completes an open task takes it on the way', async () => {
  const { id } = await office.task();
  const done = await office.ask('olga', 'POST', `/tasks/${id}/complete`);
  assert.partialDeepStrictEqual(done.body, { status: 'completed', holder: { id: 'olga' }, values: {} });
  assert.deepEqual(await kinds(id), ['created', 'claimed', 'completed']);
});

test('given back, cancelled, and opened again', async () => {
  const { id } = await office.task();
  await office.ask('olga', 'POST', `/tasks/${id}/claim`);
  const given = await office.ask('olga', 'POST', `/tasks/${id}/release`, { reason: 'end of my shift' });
  assert.partialDeepStrictEqual(given.body, { status: 'open', holder: null });
  const cancelled = await office.ask('olga', 'POST', `/tasks/${id}/cancel`, { reason: 'the plate broke' });
  assert.partialDeepStrictEqual(cancelled.body, { status: 'cancelled', status_reason: 'the plate broke' });
  const again = await office.ask('ada', 'POST', `/tasks/${id}/reopen`, { reason: 'a new plate' });
  assert.partialDeepStrictEqual(again.body, {
    status: 'open',
    finished_at: null,
    status_reason: 'a new plate',
  });
  await office.ask('olga', 'POST', `/tasks/${id}/complete`);
  const anew = await office.ask('olga', 'POST', `/tasks/${id}/reopen`, { reason: 'wrong plate' });
  assert.partialDeepStrictEqual(anew.body, { status: 'open', values: null, holder: null });
  assert.deepEqual(await kinds(id), [
    'created',
    'claimed',
    'released',
    'cancelled',
    'reopened',
    'claimed',
    'completed',
    'reopened',
  ]);
});

test('409 wrong_task_state names what is allowed, for every request in every other state', async () => {
  const bring: Record<string, (id: string) => Promise<unknown>> = {
    open: async () => {},
    in_progress: (id) => office.ask('olga', 'POST', `/tasks/${id}/claim`),
    completed: (id) => office.ask('olga', 'POST', `/tasks/${id}/complete`),
    cancelled: (id) => office.ask('olga', 'POST', `/tasks/${id}/cancel`, { reason: 'x' }),
  };
  const refused: Record<string, string[]> = {
    open: ['release', 'reopen'],
    in_progress: ['reopen'],
    completed: ['claim', 'release', 'complete', 'cancel'],
    cancelled: ['claim', 'release', 'complete', 'cancel'],
  };
  for (const [state, requests] of Object.entries(refused))
    for (const request of requests) {
      const { id } = await office.task();
      await bring[state]?.(id);
      const reason = ['cancel', 'reopen', 'release'].includes(request) ? { reason: 'x' } : {};
      const answer = await office.ask('olga', 'POST', `/tasks/${id}/${request}`, reason);
      assert.equal(answer.status, 409, `${request} of ${state}`);
      assert.equal(answer.body.code, 'wrong_task_state');
      assert.equal(answer.body.task.status, state);
      assert.ok(answer.body.allowed.length > 0 && !answer.body.allowed.includes(request));
    }
});

test('claimed by somebody else: 409 task_taken says by whom; an operator takes it from them', async () => {
  const { id } = await office.task();
  await office.ask('ada', 'POST', `/tasks/${id}/claim`);
  for (const request of ['claim', 'complete']) {
    const answer = await office.ask('olga', 'POST', `/tasks/${id}/${request}`);
    assert.equal(answer.status, 409);
    assert.equal(answer.body.code, 'task_taken');
    assert.equal(answer.body.task.holder?.id, 'ada');
  }
  assert.equal((await office.ask('ada', 'POST', `/tasks/${id}/claim`)).status, 200);
  assert.equal((await office.ask('olga', 'POST', `/tasks/${id}/release`)).status, 200);
  assert.equal((await office.ask('olga', 'POST', `/tasks/${id}/claim`)).body.holder?.id, 'olga');
});

test('403 not_your_task: for another person, for a higher role, or made by somebody else', async () => {
  const forOlga = await office.task({ assignee: { person: 'olga' } });
  const forAdmins = await office.task({ assignee: { role: 'admin' } });
  const ofOlga = (await office.ask('olga', 'POST', '/tasks', { title: 'x' })).body;
  const tries: [string, string, string, unknown][] = [
    ['ada', `/tasks/${forOlga.id}/claim`, 'POST', undefined],
    ['op-1', `/tasks/${forOlga.id}/complete`, 'POST', undefined],
    ['olga', `/tasks/${forAdmins.id}/claim`, 'POST', undefined],
    ['ada', `/tasks/${ofOlga.id}/cancel`, 'POST', { reason: 'x' }],
    ['ada', `/tasks/${ofOlga.id}`, 'PATCH', { version: 1, title: 'y' }],
  ];
  for (const [who, url, method, body] of tries) {
    const answer = await office.ask(who, method as 'POST', url, body);
    assert.equal(answer.status, 403, `${who} ${url}`);
    assert.equal(answer.body.code, 'not_your_task');
  }
  assert.equal((await office.ask('adam', 'POST', `/tasks/${forOlga.id}/claim`)).status, 200);
});

test('a viewer reads and does nothing; nobody who is not known does anything', async () => {
  const { id } = await office.task();
  assert.equal((await office.ask('vera', 'GET', `/tasks/${id}`)).status, 200);
  assert.equal((await office.ask('vera', 'POST', `/tasks/${id}/claim`)).body.code, 'forbidden');
  assert.equal((await office.ask('olga', 'GET', '/step-tasks/x')).status, 404);
  assert.equal((await office.server.app.inject({ url: `/tasks/${id}` })).statusCode, 401);
});

test('comments: kept in their order with who and when; the version stays; a repeated request says it once', async () => {
  const { id } = await office.task();
  const key = { 'idempotency-key': `comment-${id}` };
  for (const text of ['first', 'second'])
    assert.equal((await office.ask('olga', 'POST', `/tasks/${id}/comments`, { text })).status, 201);
  await office.ask('ada', 'POST', `/tasks/${id}/comments`, { text: 'third' }, key);
  // The answer was lost: as if the key had never been recorded.
  await office.database.db.execute(command('test.tasks.forget_keys', 'DELETE FROM idempotency_keys'));
  await office.ask('ada', 'POST', `/tasks/${id}/comments`, { text: 'third' }, key);
  const pages: string[] = [];
  let cursor: string | null = '';
  do {
    const query: string = cursor ? `&cursor=${cursor}` : '';
    const page = (await office.ask('vera', 'GET', `/tasks/${id}/history?limit=2${query}`)).body;
    pages.push(...page.history.map(({ by, text }) => `${by.id} ${text}`));
    cursor = page.next_cursor;
  } while (cursor !== null);
  assert.deepEqual(pages, ['ada null', 'olga first', 'olga second', 'ada third']);
  assert.equal((await office.ask('vera', 'GET', `/tasks/${id}`)).body.version, 1);
  const bad = await office.ask('vera', 'GET', `/tasks/${id}/history?cursor=zz`);
  assert.equal(bad.body.code, 'invalid_cursor');
});

test('a request that is repeated finds its own doing, also when its answer was lost', async () => {
  const { id } = await office.task();
  const forget = () =>
    office.database.db.execute(command('test.tasks.forget_keys', 'DELETE FROM idempotency_keys'));
  const complete = () =>
    office.ask('olga', 'POST', `/tasks/${id}/complete`, { version: 1 }, { 'idempotency-key': `done-${id}` });
  const first = await complete();
  await forget();
  const second = await complete();
  assert.equal(second.status, 200);
  assert.deepEqual(second.body, first.body);
  const make = (title: string) =>
    office.ask('ada', 'POST', '/tasks', { title }, { 'idempotency-key': `make-${id}` });
  const made = await make('one');
  await forget();
  assert.deepEqual((await make('one')).body, made.body);
  await forget();
  assert.equal((await make('another')).body.code, 'idempotency_key_reused');
});

test('404 task_not_found, whatever the id looks like', async () => {
  for (const id of ['nothing', '00000000-0000-0000-0000-000000000000', '%00'])
    for (const [method, more] of [
      ['GET', ''],
      ['GET', '/history'],
      ['POST', '/claim'],
    ] as const) {
      const answer = await office.ask('olga', method, `/tasks/${id}${more}`);
      assert.equal(answer.status, 404, `${method} ${id}${more}`);
      assert.equal(answer.body.code, 'task_not_found');
    }
});

const onRecord = rows(
  'test.tasks.on_record',
  Type.Object({ action: Type.String(), by: Type.String(), reason: Type.Unknown(), after: Type.Unknown() }),
  `SELECT p.action, p.context->'actor'->>'id' AS by, p.reason, p.after FROM audit_pending p WHERE p.subject = $1 ORDER BY p.id`,
);

test('every change is on record in the audit trail, with who and why', async () => {
  const { id } = await office.task();
  await office.ask('olga', 'POST', `/tasks/${id}/claim`);
  await office.ask('olga', 'POST', `/tasks/${id}/cancel`, { reason: 'the plate broke' });
  const entries = await office.database.db.query(onRecord, [`task:${id}`]);
  assert.deepEqual(
    entries.map(({ action, by, reason }) => [action, by, reason]),
    [
      ['task.create', 'ada', null],
      ['task.claim', 'olga', null],
      ['task.cancel', 'olga', 'the plate broke'],
    ],
  );
  assert.partialDeepStrictEqual(entries[1]?.after, { status: 'in_progress', holder_id: 'olga', version: 2 });
});

test('an overdue task is announced once for each due time, by a job; its version stays', async () => {
  const soon = () => new Date(Date.now() + 300).toISOString();
  const { id } = await office.task({ due_at: soon(), assignee: { person: 'olga' } });
  const overdue = () => toldOf(id).filter(({ type }) => type === 'task.overdue');
  await eventually('it is told', async () => (overdue().length === 1 ? true : undefined));
  assert.partialDeepStrictEqual(overdue()[0], { severity: 'warning', recipients: ['olga', 'ada'] });
  const now = await office.ask('vera', 'GET', `/tasks/${id}`);
  assert.equal(now.body.version, 1);
  await office.ask('ada', 'PATCH', `/tasks/${id}`, { version: 1, due_at: soon() });
  await eventually('it is told again', async () => (overdue().length === 2 ? true : undefined));
  // It is told within the transaction that puts it on record.
  await eventually('it is on record', async () => ((await kinds(id)).length === 4 ? true : undefined));
  assert.deepEqual(await kinds(id), ['created', 'overdue', 'changed', 'overdue']);
});

test('nobody is told of a task that was done in time, or that was given more of it', async () => {
  const due_at = new Date(Date.now() + 1_500).toISOString();
  const done = await office.task({ due_at });
  const later = await office.task({ due_at });
  await office.ask('olga', 'POST', `/tasks/${done.id}/complete`);
  await office.ask('ada', 'PATCH', `/tasks/${later.id}`, { version: 1, due_at: null });
  // One that is due after those two was looked at.
  const last = await office.task({ due_at: new Date(Date.parse(due_at) + 100).toISOString() });
  await eventually('the last one is told', async () =>
    toldOf(last.id).some(({ type }) => type === 'task.overdue') ? true : undefined,
  );
  const told = [done, later].flatMap(({ id }) => toldOf(id).map(({ type }) => type));
  assert.ok(!told.includes('task.overdue'), String(told));
});

test('unknown_person: whoever does not work here, or is locked, is assigned nothing', async () => {
  const people = ['olga', 'lea'].map((id) => ({
    id,
    name: `${id} of the register`,
    email: null,
    role: 'operator' as const,
    locked: id === 'lea',
  }));
  const other = await openOffice({ people });
  try {
    const assigned = await other.task({ assignee: { person: 'olga' } });
    assert.deepEqual(assigned.assignee, { person: 'olga', name: 'olga of the register' });
    for (const person of ['lea', 'nobody']) {
      const answer = await other.ask('ada', 'POST', '/tasks', { title: 'x', assignee: { person } });
      assert.equal(answer.status, 400);
      assert.equal(answer.body.code, 'unknown_person');
      assert.equal(answer.body.faults[0]?.path, 'body.assignee.person');
    }
    const step = { id: randomUUID(), title: 'x', due_at: null, workflow_id: 'w', device_id: 'd', step: 1 };
    const ofStep = await other.module.api.ensure({ ...step, assignee: { person: 'lea' } });
    assert.deepEqual(ofStep.assignee, { role: 'operator' }, 'a workflow cannot choose somebody else');
  } finally {
    await other.stop();
  }
});

test('whoever looks is shown each change, once, when it is committed', async () => {
  const task = await office.task({ device_id: 'sealer-1', workflow_id: 'w-shown' });
  await office.ask('olga', 'POST', `/tasks/${task.id}/claim`);
  await office.ask('olga', 'POST', `/tasks/${task.id}/claim`);
  await office.ask('ada', 'POST', `/tasks/${task.id}/claim`);
  await office.ask('olga', 'POST', `/tasks/${task.id}/complete`, { values: {} });
  const about = { task_id: task.id, device_id: 'sealer-1', workflow_id: 'w-shown' };
  assert.deepEqual(
    office.shown.filter(({ data }) => (data as { task_id: string }).task_id === task.id),
    ['open', 'in_progress', 'completed'].map((status, index) => ({
      room: 'lab',
      type: 'task.changed',
      data: { ...about, status, version: index + 1 },
    })),
  );
});
