import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Execution } from '@labwright/contract-devices';
import { isProblem } from '@labwright/kernel/errors';
import { rows } from '@labwright/kernel/statement';
import { seededRandom } from '@labwright/kernel/testing';
import Type from 'typebox';
import { type ExecutionBench, executionBench, type Process } from './testing/execution-bench.ts';

let bench: ExecutionBench;
let processes: Process[];

before(async () => {
  bench = await executionBench();
  processes = [await bench.process({ runner: 'process-1' }), await bench.process({ runner: 'process-2' })];
});
after(() => bench.close());

const at = (place: number) => processes[place % processes.length] as Process;

test('twenty requests with one execution_id, in two processes: one movement, one answer', async () => {
  const { id, instrument } = await bench.device();
  const request = {
    device_id: id,
    workflow_id: 'w1',
    operation: 'mix',
    parameters: { volume_ul: 7 },
    execution_id: 'once',
    wait_seconds: 30,
  };
  const asked = Array.from({ length: 20 }, (_, place) => at(place).executions.execute(request));
  await instrument.movements(1);
  instrument.finish();
  const answers = await Promise.all(asked);
  assert.equal(instrument.moved.length, 1);
  assert.deepEqual(new Set(answers.map((answer) => answer.id)).size, 1);
  assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set(['succeeded']));
  assert.equal((await bench.events(id)).length, 1);
});

test('twenty requests with an execution_id each: one at a time, the others are told which one runs', async () => {
  const { id, instrument } = await bench.device();
  instrument.finishAtOnce();
  const asked = await Promise.allSettled(
    Array.from({ length: 20 }, (_, place) =>
      at(place).executions.execute({
        device_id: id,
        workflow_id: 'w1',
        operation: 'scan',
        parameters: {},
        execution_id: `each-${place}`,
        wait_seconds: 30,
      }),
    ),
  );
  const done = asked.filter((one) => one.status === 'fulfilled');
  const refused = asked.filter((one) => one.status === 'rejected');
  assert.ok(done.length >= 1);
  assert.equal(instrument.moved.length, done.length);
  for (const { reason } of refused) {
    // Where the device changed hands at each look, it is told that nothing was done.
    assert.ok(isProblem(reason, 'device_operating', 'overloaded'), String(reason));
    if (reason.code === 'device_operating') assert.match(String(reason.extra.execution_id), /^each-/);
  }
});

const outsideBookings = rows(
  'test.executions.outside',
  Type.Object({ id: Type.String() }),
  `SELECT e.id FROM execution_logs e
   WHERE e.device_id = $1 AND NOT EXISTS (
     SELECT FROM device_bookings b
     WHERE b.device_id = e.device_id AND b.fencing_token = e.fencing_token AND b.workflow_id = e.workflow_id
       AND b.booked_at <= e.started_at AND (b.released_at IS NULL OR b.released_at >= e.finished_at))`,
);

test('no release slips between the look at the booking and the beginning', async () => {
  const random = seededRandom('executions against releases');
  const { id, instrument } = await bench.device({ book: false });
  instrument.finishAtOnce();
  let executed: Execution[] = [];
  let released = 0;
  for (let round = 0; round < 40; round += 1) {
    const workflow = `w${round}`;
    await bench.book(id, workflow);
    const execute = (place: number) =>
      at(place).executions.execute({
        device_id: id,
        workflow_id: workflow,
        operation: 'scan',
        parameters: {},
        execution_id: `slip-${round}-${place}`,
        wait_seconds: 30,
      });
    const release = async () => {
      for (let turn = random.below(4); turn > 0; turn -= 1) await bench.db.ping();
      await bench.release(id, workflow);
    };
    const [gone, ...ended] = await Promise.allSettled([release(), execute(0), execute(1), execute(2)]);
    if (gone.status === 'fulfilled') released += 1;
    else {
      assert.ok(isProblem(gone.reason, 'device_operating'), String(gone.reason));
      await bench.release(id, workflow);
    }
    for (const one of ended) {
      if (one.status === 'fulfilled') executed = [...executed, one.value];
      else assert.ok(isProblem(one.reason, 'not_the_holder', 'device_operating'), String(one.reason));
    }
  }
  assert.ok(executed.length > 0);
  assert.ok(released > 0);
  assert.equal(instrument.moved.length, executed.length);
  assert.deepEqual(await bench.db.query(outsideBookings, [id]), []);
});

test('another process is told of the outcome too', async () => {
  const { id, instrument } = await bench.device();
  const request = {
    device_id: id,
    workflow_id: 'w1',
    operation: 'mix',
    parameters: {},
    execution_id: 'elsewhere',
  };
  await at(0).executions.execute({ ...request, wait_seconds: 0 });
  const asked = at(1).executions.execute({ ...request, wait_seconds: 30 });
  await instrument.movements(1);
  instrument.finish();
  assert.equal((await asked).status, 'succeeded');
});
