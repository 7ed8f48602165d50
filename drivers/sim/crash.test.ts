import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { type TestContext, test } from 'node:test';
import { type ManualClock, manualClock } from '@labwright/kernel/clock';
import type { SimulatedDriver } from './index.ts';
import { modelOf, start } from './testing/bench.ts';

const program = new URL('testing/doomed-process.ts', import.meta.url).pathname;
const incubation = (execution_id: string, fencing_token: number) => ({
  execution_id,
  operation: 'incubate',
  parameters: {},
  fencing_token,
});

interface Doomed {
  child: ChildProcessByStdio<Writable, Readable, null>;
  /** The next line that it prints. */
  next(): Promise<string>;
}

async function doomedProcess({ folder, cleanUp }: Laboratory): Promise<Doomed> {
  const child = spawn(process.execPath, [program, folder], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  cleanUp(async () => {
    child.kill('SIGKILL');
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const next = async () => (await lines.next()).value ?? 'ended';
  assert.equal(await next(), 'ready');
  return { child, next };
}

interface Laboratory {
  folder: string;
  open(): Promise<{ driver: SimulatedDriver; clock: ManualClock; moved: string[] }>;
  /** Last come, first done, before the folder is removed. */
  cleanUp(work: () => Promise<void>): void;
}

async function laboratory(t: TestContext): Promise<Laboratory> {
  const folder = await mkdtemp(join(tmpdir(), 'labwright-crash-'));
  const works = [() => rm(folder, { recursive: true })];
  t.after(async () => {
    for (const work of works.reverse()) await work();
  });
  const cleanUp = (work: () => Promise<void>) => void works.push(work);
  return {
    folder,
    cleanUp,
    open: async () => {
      // Our process goes on at the real time of the one that died, and from there by hand.
      const clock = manualClock(Date.now());
      const moved: string[] = [];
      const onMovement = (execution_id: string) => void moved.push(execution_id);
      const options = { device_id: 'incubator-1', journalFolder: folder, clock, onMovement };
      const driver = await modelOf('incubator').open(options);
      cleanUp(driver.close);
      return { driver, clock, moved };
    },
  };
}

test('a process is killed while its instrument moves: the next one finds the movement and its outcome', async (t) => {
  const lab = await laboratory(t);
  const { folder, open } = lab;
  const { child, next } = await doomedProcess(lab);
  child.stdin.write('a 5\n');
  assert.equal(await next(), 'moving');
  child.kill('SIGKILL');
  await once(child, 'exit');

  const { driver, clock, moved } = await open();
  assert.equal((await driver.inquire('a')).status, 'running');
  assert.equal((await driver.inquire('b')).status, 'not_started');
  const waiting = driver.wait('a');
  const again = driver.execute(incubation('a', 5));
  await clock.sleepers(2);
  await clock.advance(3_600_000);
  const ended = await waiting;
  assert.ok(ended.status === 'succeeded' && ended.result.setpoint_c === 37);
  assert.deepEqual(await again, ended);
  const late = await driver.execute(incubation('c', 4));
  assert.ok(late.status === 'failed' && late.error.code === 'stale_fencing_token');
  assert.deepEqual(moved, []);
  // The plan was on record before anything moved.
  const [, first = ''] = (await readFile(join(folder, 'incubator-1.jsonl'), 'utf8')).split('\n');
  const { kind, record } = JSON.parse(first).entry;
  assert.deepEqual([kind, record.execution_id, record.fencing_token], ['accept', 'a', 5]);
  assert.deepEqual(record.detail.planned_outcome, ended);
});

test('a process that was only frozen cannot move an instrument that has a new holder', async (t) => {
  const lab = await laboratory(t);
  const frozen = await doomedProcess(lab);
  frozen.child.kill('SIGSTOP');

  const { driver, clock } = await lab.open();
  const { outcome } = await start(driver, incubation('heir', 2));
  await clock.advance(3_600_000);
  assert.equal((await outcome).status, 'succeeded');

  frozen.child.kill('SIGCONT');
  frozen.child.stdin.write('zombie 1\n');
  const answer = JSON.parse(await frozen.next());
  assert.equal(answer.error?.code, 'stale_fencing_token');
  assert.equal((await driver.inquire('zombie')).status, 'not_started');
});
