import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { isProblem, type Problem } from '@labwright/kernel/errors';
import type { TasksApi } from './api.ts';
import type { StepTask, TaskOutcome } from './schemas.ts';

/** A keeper of `TasksApi`, with the people who do its tasks. */
export interface TasksApiHarness {
  readonly api: TasksApi;
  complete(id: string, values: object): Promise<void>;
  cancel(id: string): Promise<void>;
  /** Try what a task of a step does not allow, and answer the code of the refusal. */
  reopen(id: string): Promise<string>;
  changeForm(id: string): Promise<string>;
  close(): Promise<void>;
}

/** The promises of `TasksApi`, for every keeper: the object in the process and the client over HTTP. */
export function tasksApiConformance(name: string, makeApi: () => Promise<TasksApiHarness>): void {
  describe(`TasksApi: ${name}`, () => {
    let harness: TasksApiHarness;
    let api: TasksApi;
    before(async () => {
      harness = await makeApi();
      api = harness.api;
    });
    after(() => harness.close());

    const wanted = (more: Partial<StepTask> = {}): StepTask => ({
      id: randomUUID(),
      title: 'Check the seals',
      instructions: 'Both sides.',
      fields: [{ type: 'number', name: 'volume', label: 'Volume', unit: 'uL', minimum: 0 }],
      assignee: { role: 'operator' },
      priority: 'normal',
      due_at: null,
      workflow_id: randomUUID(),
      device_id: 'sealer-1',
      step: 2,
      ...more,
    });
    const refused = async (work: Promise<unknown>, code: string, status: number): Promise<Problem> => {
      const error = await work.then(
        () => assert.fail(`${code} was expected`),
        (reason: unknown) => reason,
      );
      assert.ok(isProblem(error, code), `${code} was expected, and it was ${error}`);
      assert.equal(error.status, status);
      return error;
    };
    /** The cursor behind everything that has happened. */
    const now = async (): Promise<string> => {
      let cursor: string | undefined;
      for (;;) {
        const page = await api.outcomes({ ...(cursor ? { cursor } : {}), wait_seconds: 0 });
        cursor = page.next_cursor;
        if (page.events.length === 0) return cursor;
      }
    };
    const follow = async (from: string, count: number): Promise<TaskOutcome[]> => {
      const events: TaskOutcome[] = [];
      let cursor = from;
      while (events.length < count) {
        const page = await api.outcomes({ cursor, wait_seconds: 10 });
        events.push(...page.events);
        cursor = page.next_cursor;
      }
      return events;
    };

    test('ensure: makes it once, and then answers how it stands', async () => {
      const asked = wanted({ due_at: '2099-01-01T00:00:00Z' });
      const [task, same] = await Promise.all([api.ensure(asked), api.ensure(asked)]);
      assert.deepEqual(same, task);
      assert.partialDeepStrictEqual(task, { ...asked, status: 'open', values: null });
      await harness.complete(asked.id, { volume: 3 });
      assert.partialDeepStrictEqual(await api.ensure(asked), { status: 'completed', values: { volume: 3 } });
    });

    test('ensure: what is not valid is refused with the path of each fault', async () => {
      const paths = (problem: Problem) => problem.faults?.map(({ path }) => path);
      const untitled = await refused(api.ensure(wanted({ title: '' })), 'validation_failed', 400);
      assert.deepEqual(paths(untitled), ['body.title']);
      const twice = [1, 2].map(() => ({ type: 'yes_no' as const, name: 'a', label: 'A' }));
      const form = await refused(api.ensure(wanted({ fields: twice })), 'invalid_task', 400);
      assert.deepEqual(paths(form), ['body.fields[1].name']);
      await refused(api.ensure(wanted({ title: 'zero\0byte' })), 'validation_failed', 400);
    });

    test('an id belongs to one step of one workflow: task_id_reused', async () => {
      const asked = wanted();
      await api.ensure(asked);
      for (const other of [{ workflow_id: 'another' }, { step: 3 }]) {
        await refused(api.ensure({ ...asked, ...other }), 'task_id_reused', 422);
        await refused(api.withdraw({ ...asked, ...other }, 'x'), 'task_id_reused', 422);
      }
      assert.equal((await api.get(asked.id)).status, 'open');
    });

    test('withdraw: cancels what is open, leaves what has ended, and may be asked again', async () => {
      const open = wanted();
      await api.ensure(open);
      for (let time = 0; time < 2; time += 1)
        assert.partialDeepStrictEqual(await api.withdraw(open, 'the workflow was cancelled'), {
          status: 'cancelled',
          status_reason: 'the workflow was cancelled',
          version: 2,
        });
      const done = wanted();
      await api.ensure(done);
      await harness.complete(done.id, { volume: 1 });
      assert.partialDeepStrictEqual(await api.withdraw(done, 'x'), { status: 'completed', version: 2 });
    });

    test('withdraw: what never came is noted, so that it cannot come any more', async () => {
      const late = wanted();
      assert.equal((await api.withdraw(late, 'too late')).status, 'cancelled');
      assert.equal((await api.ensure(late)).status, 'cancelled');
    });

    test('ensure and withdraw at once: in whatever order they come, it is cancelled in the end', async () => {
      for (let round = 0; round < 10; round += 1) {
        const asked = wanted();
        await Promise.all([api.ensure(asked), api.withdraw(asked, 'x'), api.ensure(asked)]);
        assert.equal((await api.get(asked.id)).status, 'cancelled');
      }
    });

    test('get: task_not_found', async () => {
      await refused(api.get(randomUUID()), 'task_not_found', 404);
    });

    test('outcomes: each end of a task of a step, once, in order', async () => {
      const from = await now();
      const [first, second, third] = [wanted(), wanted(), wanted()];
      for (const asked of [first, second, third]) await api.ensure(asked);
      await harness.complete(second.id, { volume: 1 });
      await harness.cancel(first.id);
      await api.withdraw(third, 'x');
      await harness.complete(second.id, { volume: 2 });
      const events = await follow(from, 3);
      assert.deepEqual(
        events.map(({ task_id, workflow_id, status }) => [task_id, workflow_id, status]),
        [
          [second.id, second.workflow_id, 'completed'],
          [first.id, first.workflow_id, 'cancelled'],
          [third.id, third.workflow_id, 'cancelled'],
        ],
      );
    });

    test('outcomes: a reader that waits is woken, and one that had enough is let go', async () => {
      const asked = wanted();
      await api.ensure(asked);
      const cursor = await now();
      const waiting = api.outcomes({ cursor, wait_seconds: 30 });
      const begun = performance.now();
      await harness.complete(asked.id, { volume: 1 });
      assert.equal((await waiting).events[0]?.task_id, asked.id);
      // Not only when its time is over; a machine full of tests lags.
      assert.ok(performance.now() - begun < 10_000, 'it is woken');
      const gone = new AbortController();
      const idle = api.outcomes({ cursor: await now(), wait_seconds: 30, signal: gone.signal });
      gone.abort(new Error('had enough'));
      await assert.rejects(idle, /had enough/);
      assert.deepEqual((await api.outcomes({ cursor: await now(), wait_seconds: 0 })).events, []);
    });

    test('outcomes: a cursor that is not ours, or of another database: invalid_cursor', async () => {
      for (const cursor of ['x', '1:', '9999999999999:1'])
        await refused(api.outcomes({ cursor, wait_seconds: 0 }), 'invalid_cursor', 400);
    });

    test('task_of_a_step: neither its form nor its end is changed behind the step', async () => {
      const asked = wanted();
      await api.ensure(asked);
      assert.equal(await harness.changeForm(asked.id), 'task_of_a_step');
      await harness.complete(asked.id, { volume: 1 });
      assert.equal(await harness.reopen(asked.id), 'task_of_a_step');
      assert.equal((await api.get(asked.id)).status, 'completed');
    });
  });
}
