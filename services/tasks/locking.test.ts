import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type Answer, type Office, openOffice } from './testing/office.ts';

let office: Office;
before(async () => {
  office = await openOffice();
});
after(() => office.stop());

const patch = (id: string, body: object, headers: Record<string, string> = {}) =>
  office.ask('ada', 'PATCH', `/tasks/${id}`, body, headers);
const read = async (id: string) => (await office.ask('vera', 'GET', `/tasks/${id}`)).body;

test('428 version_required: a change says what it is made of', async () => {
  const { id } = await office.task();
  const answer = await patch(id, { title: 'Blind' });
  assert.equal(answer.status, 428);
  assert.equal(answer.body.code, 'version_required');
  assert.equal((await read(id)).title, 'Check the seals');
});

test('409 version_conflict by the body, 412 task_changed by If-Match; both show the newer task', async () => {
  const { id } = await office.task();
  assert.equal((await patch(id, { version: 1, title: 'Second' })).headers.etag, '"2"');
  const refusals: [Answer, number, string][] = [
    [await patch(id, { version: 1, title: 'Late' }), 409, 'version_conflict'],
    [await patch(id, { title: 'Late' }, { 'if-match': '"1"' }), 412, 'task_changed'],
    // A weak tag never matches, and neither does what is no tag.
    [await patch(id, { title: 'Late' }, { 'if-match': 'W/"2"' }), 412, 'task_changed'],
    [await patch(id, { title: 'Late' }, { 'if-match': '2' }), 412, 'task_changed'],
    [await patch(id, { version: 1, title: 'Late' }, { 'if-match': '"2"' }), 409, 'version_conflict'],
    [await patch(id, { version: 2, title: 'Late' }, { 'if-match': '"1"' }), 412, 'task_changed'],
  ];
  for (const request of ['claim', 'release', 'complete', 'cancel', 'reopen']) {
    const reason = ['cancel', 'reopen', 'release'].includes(request) ? { reason: 'x' } : {};
    const url = `/tasks/${id}/${request}`;
    const byBody = await office.ask('olga', 'POST', url, { version: 1, ...reason });
    refusals.push([byBody, 409, 'version_conflict']);
    const byHeader = await office.ask('olga', 'POST', url, reason, { 'if-match': '"1"' });
    refusals.push([byHeader, 412, 'task_changed']);
  }
  const now = await read(id);
  assert.equal(now.title, 'Second');
  for (const [{ status, body }, expected, code] of refusals) {
    assert.equal(status, expected);
    assert.equal(body.code, code);
    assert.deepEqual(body.task, now);
  }
});

test('If-Match with the present tag, one of several, or * changes it', async () => {
  const { id } = await office.task();
  for (const [tag, title] of [
    ['"1"', 'one'],
    ['"7", "2"', 'two'],
    ['*', 'three'],
  ] as const)
    assert.equal((await patch(id, { title }, { 'if-match': tag })).status, 200, tag);
  assert.partialDeepStrictEqual(await read(id), { title: 'three', version: 4 });
});

test('what changes nothing raises no version; what was changed stands in the history', async () => {
  const { id } = await office.task({ priority: 'low', due_at: '2099-01-01T00:00:00Z' });
  await patch(id, { version: 1, priority: 'low', title: 'Check the seals' });
  assert.equal((await read(id)).version, 1);
  await patch(id, { version: 1, priority: 'urgent', due_at: null, assignee: { role: 'operator' } });
  const { history } = (await office.ask('vera', 'GET', `/tasks/${id}/history`)).body;
  assert.deepEqual(history.at(-1)?.changes, {
    priority: { before: 'low', after: 'urgent' },
    due_at: { before: '2099-01-01T00:00:00Z', after: null },
    assignee_role: { before: null, after: 'operator' },
  });
});

test('a task that is given to somebody else while it is in hand is open again', async () => {
  const { id } = await office.task();
  await office.ask('ada', 'POST', `/tasks/${id}/claim`);
  const same = await patch(id, { version: 2, assignee: { person: 'ada' } });
  assert.equal(same.body.status, 'in_progress');
  const other = await patch(id, { version: 3, assignee: { person: 'olga' } });
  assert.partialDeepStrictEqual(other.body, { status: 'open', holder: null, assignee: { person: 'olga' } });
});

test('fifty who change one hot task at once, each on what they read: none is lost, and nobody sees a 5xx', async () => {
  const { id } = await office.task();
  const statuses = new Map<number, number>();
  const writer = async (name: number) => {
    for (let attempt = 1; ; attempt += 1) {
      const seen = await read(id);
      const byHeader = name % 2 === 0;
      const answer = await patch(
        id,
        { instructions: `${seen.instructions}${name},`, ...(byHeader ? {} : { version: seen.version }) },
        byHeader ? { 'if-match': `"${seen.version}"` } : {},
      );
      statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1);
      if (answer.status === 200) return attempt;
      assert.equal(answer.status, byHeader ? 412 : 409, JSON.stringify(answer.body));
      assert.ok(attempt < 500, 'somebody never gets through');
    }
  };
  const everybody = Array.from({ length: 50 }, (_, name) => name);
  const attempts = await Promise.all(everybody.map(writer));
  const { instructions, version } = await read(id);
  const written = instructions.split(',').filter(Boolean).map(Number);
  assert.deepEqual(
    [...written].sort((a, b) => a - b),
    everybody,
  );
  assert.equal(version, 51);
  assert.ok(Math.max(...attempts) > 1, 'nobody ever met anybody');
  const { history } = (await office.ask('vera', 'GET', `/tasks/${id}/history?limit=100`)).body;
  assert.equal(history.filter(({ kind }) => kind === 'changed').length, 50);
});

test('fifty blind changes and fifty comments on one hot task at once: all are there', async () => {
  const { id } = await office.task();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => [
      patch(id, { title: `Title ${n}` }, { 'if-match': '*' }),
      office.ask('olga', 'POST', `/tasks/${id}/comments`, { text: `comment ${n}` }),
    ]).flat(),
  );
  assert.deepEqual([...new Set(answers.map(({ status }) => status))].sort(), [200, 201]);
  assert.equal((await read(id)).version, 51);
  let cursor: string | null = '';
  const kinds: string[] = [];
  do {
    const query: string = cursor ? `?cursor=${cursor}` : '';
    const page = (await office.ask('vera', 'GET', `/tasks/${id}/history${query}`)).body;
    kinds.push(...page.history.map(({ kind }) => kind));
    cursor = page.next_cursor;
  } while (cursor !== null);
  assert.deepEqual(
    ['changed', 'commented'].map((kind) => kinds.filter((each) => each === kind).length),
    [50, 50],
  );
});

test('"I take it": of fifty at once one has it, and all others hear who', async () => {
  const { id } = await office.task();
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, n) => office.ask(`op-${n}`, 'POST', `/tasks/${id}/claim`)),
  );
  const won = answers.filter(({ status }) => status === 200);
  assert.equal(won.length, 1);
  const holder = won[0]?.body.holder?.id;
  for (const { status, body } of answers.filter((answer) => answer !== won[0])) {
    assert.equal(status, 409);
    assert.equal(body.code, 'task_taken');
    assert.equal(body.task.holder?.id, holder);
  }
});
