import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { isProblem, type Problem } from '@labwright/kernel/errors';
import type { DevicesApi } from './api.ts';
import type { DeviceEvent } from './schemas.ts';

/** A keeper of `DevicesApi` with what a test needs beside it. */
export interface DevicesApiHarness {
  readonly api: DevicesApi;
  /** Answers the id of a new free device that can do both operations. */
  addDevice(): Promise<string>;
  /** Ends soon and well with these parameters; refuses the others. */
  readonly operation: {
    name: string;
    parameters: Record<string, unknown>;
    refused: Record<string, unknown>;
  };
  /** Goes on until `finish`. */
  readonly endless: { name: string; parameters: Record<string, unknown> };
  /** Ends every `endless` operation that runs now. */
  finish(): void;
  close(): Promise<void>;
}

/** The promises of `DevicesApi`, for every keeper: the object in the process and the client over HTTP. */
export function devicesApiConformance(name: string, makeApi: () => Promise<DevicesApiHarness>): void {
  describe(`DevicesApi: ${name}`, () => {
    let harness: DevicesApiHarness;
    let api: DevicesApi;
    before(async () => {
      harness = await makeApi();
      api = harness.api;
    });
    after(() => harness.close());

    const refused = async (work: Promise<unknown>, code: string, status: number): Promise<Problem> => {
      const error = await work.then(
        () => assert.fail(`${code} was expected`),
        (reason: unknown) => reason,
      );
      assert.ok(isProblem(error, code), `${code} was expected, and it was ${error}`);
      assert.equal(error.status, status);
      return error;
    };
    const execute = (device_id: string, workflow_id: string, more: object = {}) =>
      api.execute({
        device_id,
        workflow_id,
        operation: harness.operation.name,
        parameters: harness.operation.parameters,
        execution_id: randomUUID(),
        wait_seconds: 10,
        ...more,
      });
    /** The cursor behind everything that has happened. */
    const now = async (): Promise<string> => {
      let cursor: string | undefined;
      for (;;) {
        const page = await api.events({ ...(cursor ? { cursor } : {}), wait_seconds: 0 });
        cursor = page.next_cursor;
        if (page.events.length === 0) return cursor;
      }
    };
    /** Reads on until this many events of the device have come. */
    const follow = async (device_id: string, from: string, count: number): Promise<DeviceEvent[]> => {
      const events: DeviceEvent[] = [];
      let cursor = from;
      while (events.length < count) {
        const page = await api.events({ cursor, wait_seconds: 10 });
        events.push(...page.events.filter((event) => event.device_id === device_id));
        cursor = page.next_cursor;
      }
      return events;
    };

    test('getDevice: the device as it stands; device_not_found', async () => {
      const id = await harness.addDevice();
      assert.partialDeepStrictEqual(await api.getDevice(id), { id, status: 'available', paused: false });
      await api.book({ device_id: id, workflow_id: 'w1' });
      assert.equal((await api.getDevice(id)).status, 'busy');
      await refused(api.getDevice('no-such-device'), 'device_not_found', 404);
    });

    test('book: once, and again the same; device_busy with holder and wait', async () => {
      const device_id = await harness.addDevice();
      const booking = await api.book({ device_id, workflow_id: 'w1', operations: [harness.operation.name] });
      assert.partialDeepStrictEqual(booking, {
        device_id,
        workflow_id: 'w1',
        status: 'active',
        operations: [harness.operation.name],
      });
      assert.deepEqual(await api.book({ device_id, workflow_id: 'w1' }), booking);
      const busy = await refused(api.book({ device_id, workflow_id: 'w2' }), 'device_busy', 409);
      assert.deepEqual(busy.extra.holder, {
        workflow_id: 'w1',
        booking_id: booking.id,
        booked_at: booking.booked_at,
      });
      assert.equal(busy.extra.queue_length, 0);
      assert.equal(typeof (busy.extra.wait as { seconds: unknown }).seconds, 'number');
      assert.ok((busy.retryAfter ?? 0) >= 1);
      await refused(api.book({ device_id: 'no-such-device', workflow_id: 'w1' }), 'device_not_found', 404);
    });

    test('what is not valid is refused with the path of each fault', async () => {
      const device_id = await harness.addDevice();
      const paths = (problem: Problem) => problem.faults?.map(({ path }) => path);
      const empty = { device_id, workflow_id: '' };
      for (const work of [api.book(empty), api.enqueue(empty), api.withdraw(empty)])
        assert.deepEqual(paths(await refused(work, 'validation_failed', 400)), ['body.workflow_id']);
      const nothing = api.book({ device_id } as never);
      assert.deepEqual(paths(await refused(nothing, 'validation_failed', 400)), ['body.workflow_id']);
      const shouting = api.enqueue({ device_id, workflow_id: 'w1', priority: 'HIGH' as never });
      assert.deepEqual(paths(await refused(shouting, 'validation_failed', 400)), ['body.priority']);
      const operation = api.checkOperation({ device_id, operation: 'No Such', parameters: {} });
      assert.deepEqual(paths(await refused(operation, 'validation_failed', 400)), ['body.operation']);
      await refused(api.book({ device_id, workflow_id: 'zero\0byte' }), 'validation_failed', 400);
    });

    test('enqueue: books where it is free, else waits; asked again it answers how things stand', async () => {
      const device_id = await harness.addDevice();
      const first = await api.enqueue({ device_id, workflow_id: 'w1' });
      assert.equal(first.entry.status, 'booked');
      assert.partialDeepStrictEqual(first.booking, { workflow_id: 'w1', queue_entry_id: first.entry.id });
      const normal = await api.enqueue({ device_id, workflow_id: 'w2' });
      assert.equal(normal.booking, null);
      assert.equal(normal.entry.status, 'queued');
      await api.enqueue({ device_id, workflow_id: 'w3', priority: 'urgent' });
      assert.equal((await api.enqueue({ device_id, workflow_id: 'w2' })).entry.id, normal.entry.id);

      await api.withdraw({ device_id, workflow_id: 'w1' });
      const urgent = await api.enqueue({ device_id, workflow_id: 'w3' });
      assert.equal(urgent.booking?.workflow_id, 'w3');
      assert.ok(urgent.booking.fencing_token > (first.booking?.fencing_token ?? Number.POSITIVE_INFINITY));
      assert.deepEqual(await api.book({ device_id, workflow_id: 'w3' }), urgent.booking);
      await refused(api.enqueue({ device_id: 'no-such-device', workflow_id: 'w1' }), 'device_not_found', 404);
    });

    test('enqueue: a workflow that booked without queueing gets its booking', async () => {
      const device_id = await harness.addDevice();
      const { id } = await api.book({ device_id, workflow_id: 'w1' });
      const asked = await api.enqueue({ device_id, workflow_id: 'w1' });
      assert.equal(asked.booking?.id, id);
      assert.equal(asked.entry.status, 'booked');
    });

    test('withdraw: neither holds nor waits; only the booking that is named; nothing to do is well', async () => {
      const device_id = await harness.addDevice();
      const old = await api.book({ device_id, workflow_id: 'w1' });
      await api.enqueue({ device_id, workflow_id: 'w2' });
      await api.withdraw({ device_id, workflow_id: 'w2', reason: 'not needed' });
      await api.withdraw({ device_id, workflow_id: 'w1', booking_id: old.id });
      assert.equal((await api.getDevice(device_id)).status, 'available');
      const current = await api.book({ device_id, workflow_id: 'w1' });
      await api.withdraw({ device_id, workflow_id: 'w1', booking_id: old.id });
      assert.deepEqual(await api.book({ device_id, workflow_id: 'w1' }), current);
      await api.withdraw({ device_id, workflow_id: 'w1' });
      await api.withdraw({ device_id, workflow_id: 'w1' });
      assert.equal((await api.getDevice(device_id)).status, 'available');
    });

    test('execute: done once for each execution_id; getExecution tells it', async () => {
      const device_id = await harness.addDevice();
      const { fencing_token } = await api.book({ device_id, workflow_id: 'w1' });
      const execution_id = randomUUID();
      const done = await execute(device_id, 'w1', { execution_id });
      assert.partialDeepStrictEqual(done, {
        execution_id,
        device_id,
        workflow_id: 'w1',
        operation: harness.operation.name,
        status: 'succeeded',
        fencing_token,
      });
      assert.deepEqual(await execute(device_id, 'w1', { execution_id }), done);
      assert.deepEqual(await api.getExecution(execution_id), done);
      await refused(
        execute(device_id, 'w1', { execution_id, operation: harness.endless.name, parameters: {} }),
        'execution_id_reused',
        422,
      );
      await refused(api.getExecution(randomUUID()), 'execution_not_found', 404);
    });

    test('execute: refused to whoever does not hold the device, and for what it cannot do', async () => {
      const device_id = await harness.addDevice();
      await refused(execute(device_id, 'w1'), 'not_the_holder', 403);
      await api.book({ device_id, workflow_id: 'w1' });
      await refused(execute(device_id, 'w2'), 'not_the_holder', 403);
      await refused(execute(device_id, 'w1', { operation: 'fly_away' }), 'unknown_operation', 400);
      const parameters = harness.operation.refused;
      const faulty = await refused(execute(device_id, 'w1', { parameters }), 'validation_failed', 400);
      assert.ok(faulty.faults?.every(({ path }) => path.startsWith('body.parameters')));
      await refused(execute('no-such-device', 'w1'), 'device_not_found', 404);
    });

    test('execute: `running` after wait_seconds; not released meanwhile; the feed tells the outcome', async () => {
      const device_id = await harness.addDevice();
      await api.book({ device_id, workflow_id: 'w1' });
      const from = await now();
      const { name: operation, parameters } = harness.endless;
      const execution_id = randomUUID();
      const endless = { operation, parameters, execution_id, wait_seconds: 0 };
      assert.equal((await execute(device_id, 'w1', endless)).status, 'running');
      const operating = await refused(
        api.withdraw({ device_id, workflow_id: 'w1' }),
        'device_operating',
        409,
      );
      assert.equal(operating.extra.execution_id, execution_id);
      await refused(execute(device_id, 'w1'), 'device_operating', 409);
      harness.finish();
      const [told] = await follow(device_id, from, 1);
      assert.partialDeepStrictEqual(told, {
        type: 'execution.finished',
        workflow_id: 'w1',
        data: { execution_id, status: 'succeeded' },
      });
      assert.equal((await api.getExecution(execution_id)).status, 'succeeded');
      await api.withdraw({ device_id, workflow_id: 'w1' });
    });

    test('noteWait: of the booking that holds, told again as well; refused under any other', async () => {
      const device_id = await harness.addDevice();
      const wait = { id: randomUUID(), code: 'operator_task', about: 'Seal the plate' } as const;
      const { id: booking_id } = await api.book({ device_id, workflow_id: 'w1' });
      const told = { device_id, workflow_id: 'w1', booking_id, wait, for_seconds: 60 };
      await api.noteWait(told);
      await api.noteWait(told);
      for (const other of [{ workflow_id: 'w2' }, { booking_id: '0' }])
        await refused(api.noteWait({ ...told, ...other }), 'not_the_holder', 403);
      await refused(api.noteWait({ ...told, device_id: 'no-such-device' }), 'device_not_found', 404);
      await api.withdraw({ device_id, workflow_id: 'w1' });
      await refused(api.noteWait(told), 'not_the_holder', 403);
    });

    test('checkOperation: the faults of parameters, without doing anything', async () => {
      const device_id = await harness.addDevice();
      const { name: operation, parameters, refused: wrong } = harness.operation;
      assert.deepEqual(await api.checkOperation({ device_id, operation, parameters }), []);
      const faults = await api.checkOperation({ device_id, operation, parameters: wrong });
      assert.ok(faults.length > 0);
      for (const { path, message } of faults) assert.ok(path.startsWith('parameters') && message);
      const unknown = await api.checkOperation({ device_id, operation: 'fly_away', parameters: {} });
      assert.deepEqual(
        unknown.map(({ path }) => path),
        ['operation'],
      );
      await refused(
        api.checkOperation({ device_id: 'no-such-device', operation, parameters }),
        'device_not_found',
        404,
      );
    });

    test('events: each once, in order, from the cursor on', async () => {
      const device_id = await harness.addDevice();
      const from = await now();
      const booking = await api.book({ device_id, workflow_id: 'w1' });
      const { entry } = await api.enqueue({ device_id, workflow_id: 'w2' });
      await api.withdraw({ device_id, workflow_id: 'w1', reason: 'done' });
      const events = await follow(device_id, from, 4);
      assert.deepEqual(
        events.map(({ type, workflow_id }) => [type, workflow_id]),
        [
          ['booking.granted', 'w1'],
          ['queue.entered', 'w2'],
          ['booking.released', 'w1'],
          ['booking.granted', 'w2'],
        ],
      );
      assert.deepEqual(events[0]?.data, {
        booking_id: booking.id,
        fencing_token: booking.fencing_token,
        queue_entry_id: null,
      });
      assert.deepEqual(events[1]?.data, { entry_id: entry.id });
      assert.deepEqual(events[2]?.data, { booking_id: booking.id, reason: 'done' });
      assert.equal(events[3]?.data.queue_entry_id, entry.id);
    });

    test('events: with nothing new the cursor stays; waiting ends with the next event or the signal', async () => {
      const device_id = await harness.addDevice();
      const cursor = await now();
      assert.deepEqual(await api.events({ cursor, wait_seconds: 0 }), { events: [], next_cursor: cursor });
      const waiting = api.events({ cursor, wait_seconds: 60 });
      await api.book({ device_id, workflow_id: 'w1' });
      assert.equal((await waiting).events[0]?.type, 'booking.granted');

      const gone = new AbortController();
      const ended = api.events({ cursor: await now(), wait_seconds: 60, signal: gone.signal });
      gone.abort(new Error('had enough'));
      await assert.rejects(ended, /had enough/);
      await refused(api.events({ cursor: 'nonsense', wait_seconds: 0 }), 'invalid_cursor', 400);
    });
  });
}
