import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { findJob, jobsMigrations } from '@labwright/jobs';
import {
  checkStatements,
  createTestDatabase,
  spawnScript,
  type TestDatabase,
} from '@labwright/kernel/testing';
import './dispatch.ts';
import '../load-test/load-test.ts';

const tasks = fileURLToPath(import.meta.resolve('../../../examples/two-tasks/tasks.ts'));
let database: TestDatabase;
let folder: string;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
  folder = await mkdtemp(join(tmpdir(), 'labwright-dispatch-'));
});
after(async () => {
  await database.drop();
  await rm(folder, { recursive: true });
});

async function labwright(code: number, ...args: string[]): Promise<string> {
  const process = spawnScript(
    import.meta.resolve('../main.ts'),
    { JOBS_DATABASE_URL: database.url },
    { args },
  );
  assert.equal(await process.ended, code, process.output());
  return process.output();
}
async function file(yaml: string): Promise<string> {
  const path = join(folder, `${Math.random()}.yml`);
  await writeFile(path, `handlers: [${tasks}]\n${yaml}`);
  return path;
}

test('every statement of these commands can be prepared', async () => {
  // The settings of the laboratory bring other rooms along, with tables of their own.
  const ours = (name: string) => name.startsWith('labwright.') || name.startsWith('jobs.');
  const { checked, faults } = await checkStatements(database.url, ours);
  assert.deepEqual(faults, []);
  assert.ok(checked > 20, `only ${checked} were found`);
});

test('two tasks at once: ids, results, times, retries, and less time than one after the other', async () => {
  const config = await file(`jobs:
  - { task: task_a, payload: { numbers: [1, 2], ms: 1500 }, expect: { sum: 3 } }
  - { task: task_b, payload: { text: a b c, ms: 1500 }, expect: { words: 3 } }`);
  const said = await labwright(0, 'dispatch', '--config', config, '--workers', '1');
  assert.match(said, /#\d+ {2}task_a → queue_a/);
  assert.match(said, /✓ +#\d+ +task_a +1\.[5-9]\d\d s +0 +\{"sum":3\}/);
  assert.match(said, /✓ +#\d+ +task_b +1\.[5-9]\d\d s +0 +\{"words":3\}/);
  assert.match(said, /sequential +[3-9]\.\d+ s would be the sum of the times: \d\.\d+ s saved/);
});

test('one that fails or answers something else is said, and is an exit code', async () => {
  const config = await file(`jobs:
  - { task: task_a, payload: { numbers: [1], ms: 0 }, expect: { sum: 2 } }
  - { task: task_b, payload: { text: a, ms: 0, failures: 3 }, retries: 0 }
  - { task: task_b, payload: { text: a, ms: 0 } }`);
  const said = await labwright(1, 'dispatch', '--config', config, '--workers', '1');
  assert.match(said, /✗ .*\{"sum":1\}, where \{"sum":2\} was expected/);
  assert.match(said, /✗ .*dead: attempt 1 fails/);
  assert.match(said, /1 of 3 as they should be/);
});

test('without a worker it says what to do, and the job stays', async () => {
  const config = await file(`timeout: 1s\njobs:\n  - { task: task_a, payload: { numbers: [] } }`);
  const said = await labwright(1, 'dispatch', '--config', config);
  assert.match(said, /No worker serves queue_a now\. Start one: .*--queues queue_a/);
  assert.match(said, /not ended in time; it is still to be done/);
  const [, id = ''] = /#(\d+) {2}task_a/.exec(said) ?? [];
  assert.equal((await findJob(database.db, id))?.state, 'ready');
});

test('a file with faults: one message, the path of each', async () => {
  const shape = await labwright(
    2,
    'dispatch',
    '--config',
    await file('job: 1\njobs:\n  - { task: 7, payload: {} }'),
  );
  assert.match(shape, /has 2 faults:/);
  assert.match(shape, / {2}- the file has what it should not: job/);
  assert.match(shape, / {2}- jobs\[0\]\.task must be string/);
  const content = await file(`jobs:
  - { task: task_c, payload: {} }
  - { task: task_a, payload: { numbers: [x] } }`);
  const meaning = await labwright(2, 'dispatch', '--config', content);
  assert.match(meaning, /jobs\[0\]\.task: nobody handles task_c; there are task_a, task_b/);
  assert.match(meaning, /jobs\[1\]\.payload\.numbers\[0\] must be number/);
  assert.match(
    await labwright(2, 'dispatch', '--config', await file('jobs: [')),
    /has (a fault|\d faults):\n {2}- line \d/,
  );
  assert.match(await labwright(2, 'dispatch', '--config', 'gone.yml'), /There is no file gone\.yml/);
});

test('the load test shows what more workers bring, and leaves nothing behind', async () => {
  const said = await labwright(0, 'load-test', '--tasks', '24', '--workers', '1,2');
  assert.match(said, /tasks done +24 +24\n/);
  assert.match(said, /99 % within \(p99\) +\d+\.\d{3} s +\d+\.\d{3} s/);
  assert.match(said, /queue_a +12 +\d+ \d+\n/);
  assert.match(said, /2 workers a queue instead of 1: \d\.\d\d times as many tasks a second/);
  assert.match(
    await labwright(2, 'load-test', '--tasks', '0'),
    /--tasks takes a whole number from 1 to 100000/,
  );
});
