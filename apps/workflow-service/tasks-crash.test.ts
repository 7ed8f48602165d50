/**
 * A step that waits for a person stands in two databases, the workflow's and the hub's. Here either service is killed between any two
 * of the statements that one request makes; then it is started again, and there is one task for one attempt, whose values come
 * back once, or none is left open.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Task } from '@labwright/contract-hub/tasks';
import type { Workflow } from '@labwright/contract-workflows';
import { devicesMigrations } from '@labwright/devices';
import {
  crashPoint,
  createTestDatabase,
  eventually,
  freePort,
  spawnScript,
  type TestDatabase,
  type TestProcess,
} from '@labwright/kernel/testing';
import { workflowsMigrations } from '@labwright/workflows';
import { arm, atEveryPoint, disarm } from './testing/arm.ts';

const roles = ['device-service', 'hub-service', 'workflow-service'] as const;
type Role = (typeof roles)[number];

const scripts: Record<Role, string> = {
  'device-service': import.meta.resolve('../device-service/main.ts'),
  'hub-service': import.meta.resolve('../hub-service/main.ts'),
  'workflow-service': import.meta.resolve('./main.ts'),
};

let folder: string;
let databases: Record<Role, TestDatabase>;
const ports = {} as Record<Role, number>;
const processes = {} as Record<Role, TestProcess>;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-tasks-crash-'));
  databases = {
    'device-service': await createTestDatabase(devicesMigrations),
    // The hub migrates it when it starts.
    'hub-service': await createTestDatabase([]),
    'workflow-service': await createTestDatabase(workflowsMigrations),
  };
  for (const role of roles) ports[role] = await freePort();
  for (const role of roles) await spawnService(role);
});

after(async () => {
  await Promise.all(Object.values(processes).map((running) => running.kill()));
  await Promise.all(Object.values(databases).map((database) => database.drop()));
  await rm(folder, { recursive: true, force: true });
});

async function spawnService(role: Role): Promise<void> {
  const url = (of: Role) => `http://127.0.0.1:${ports[of]}`;
  const service = spawnScript(
    scripts[role],
    {
      DEVICE_DATABASE_URL: databases['device-service'].url,
      HUB_DATABASE_URL: databases['hub-service'].url,
      WORKFLOW_DATABASE_URL: databases['workflow-service'].url,
      DEVICE_SERVICE_PORT: String(ports['device-service']),
      HUB_SERVICE_PORT: String(ports['hub-service']),
      WORKFLOW_SERVICE_PORT: String(ports['workflow-service']),
      DEVICE_SERVICE_URL: url('device-service'),
      HUB_SERVICE_URL: url('hub-service'),
      LABWRIGHT_HOME: folder,
      ACTION_LEASE_SECONDS: '0.5',
      CRASH_FILE: join(folder, role),
    },
    { preload: crashPoint },
  );
  processes[role] = service;
  await service.wrote(/the service listens/);
}

/** Undefined: the connection broke before an answer came. */
async function call<T>(
  role: Role,
  method: 'GET' | 'POST',
  path: string,
  body?: object,
  requestId: string = randomUUID(),
): Promise<{ status: number; body: T } | undefined> {
  try {
    const response = await fetch(`http://127.0.0.1:${ports[role]}${path}`, {
      method,
      headers: {
        connection: 'close',
        'x-request-id': requestId,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: (await response.json()) as T };
  } catch {
    return undefined;
  }
}

async function must<T>(...request: Parameters<typeof call>): Promise<T> {
  // A machine full of tests makes services refuse what they are too slow for, and has them asked again.
  const answer = await eventually(`${request.join(' ')} is answered`, async () => {
    const answer = await call<T>(...request);
    return answer?.status === 503 ? undefined : answer;
  });
  assert.ok(answer.status < 300, `${request.join(' ')}: ${JSON.stringify(answer)}`);
  return answer.body;
}

let made = 0;
/** A started workflow on a device of its own, whose only step asks a person. */
async function newWorkflow(): Promise<string> {
  made += 1;
  const device = `handler-${made}`;
  await must('device-service', 'POST', '/devices', { id: device, name: device, type: 'liquid_handler' });
  const { id } = await must<Workflow>('workflow-service', 'POST', '/workflows', {
    name: device,
    device_id: device,
    steps: [
      {
        operator_task: { title: 'Look at it', fields: [{ type: 'number', name: 'volume', label: 'Volume' }] },
      },
    ],
  });
  await must('workflow-service', 'POST', `/workflows/${id}/start`);
  return id;
}

const read = (id: string) => must<Workflow>('workflow-service', 'GET', `/workflows/${id}`);
const tasksOf = async (id: string) =>
  (await must<{ tasks: Task[] }>('hub-service', 'GET', `/tasks?workflow_id=${id}`)).tasks;
const execute = (id: string, requestId?: string) =>
  call('workflow-service', 'POST', `/workflows/${id}/execute-step`, {}, requestId);
const cancel = (id: string, requestId?: string) =>
  call('workflow-service', 'POST', `/workflows/${id}/cancel`, {}, requestId);
const complete = async (id: string, requestId?: string) => {
  const [task] = await tasksOf(id);
  return call('hub-service', 'POST', `/tasks/${task?.id}/complete`, { values: { volume: 7 } }, requestId);
};
const asked = (id: string) =>
  eventually('there is a task', async () => ((await tasksOf(id)).length > 0 ? true : undefined));

/** One attempt asked for one task, and its values came back. */
async function goesOn(id: string): Promise<void> {
  await eventually('the step has its values', async () => {
    const [step] = (await read(id)).steps;
    if (step?.status === 'pending') await execute(id);
    const [task] = await tasksOf(id);
    if (task?.status === 'open') await complete(id);
    return step?.status === 'succeeded' ? true : undefined;
  });
  const [step] = (await read(id)).steps;
  assert.partialDeepStrictEqual(step, { attempts: 1, result: { volume: 7 } });
  const tasks = await tasksOf(id);
  assert.deepEqual(
    tasks.map((task) => [task.id, task.status]),
    [[step?.execution_id, 'completed']],
  );
  await must('workflow-service', 'POST', `/workflows/${id}/complete`);
}

/** The workflow is over, its device free, and nobody is asked for anything any more. */
async function isOver(id: string): Promise<void> {
  await eventually('the workflow is cancelled and its task withdrawn', async () => {
    const workflow = await read(id);
    if (workflow.status !== 'cancelled') await cancel(id);
    const open = (await tasksOf(id)).filter(({ status }) => status !== 'cancelled');
    return workflow.status === 'cancelled' && open.length === 0 ? true : undefined;
  });
  const workflow = await read(id);
  assert.equal(workflow.steps[0]?.status, 'skipped');
  const device = await must<{ status: string }>('device-service', 'GET', `/devices/${workflow.device_id}`);
  assert.equal(device.status, 'available');
}

const scenarios: Record<
  string,
  {
    victims: Role[];
    prepare: (id: string) => Promise<unknown>;
    act: (id: string, requestId: string) => Promise<{ status: number } | undefined>;
    ends: (id: string) => Promise<void>;
  }
> = {
  'a step asks a person': {
    victims: ['workflow-service', 'hub-service'],
    prepare: async () => {},
    act: execute,
    ends: goesOn,
  },
  'a person completes the task': {
    victims: ['hub-service'],
    prepare: async (id) => {
      await execute(id);
      await asked(id);
    },
    act: complete,
    ends: goesOn,
  },
  'the workflow is cancelled meanwhile': {
    victims: ['workflow-service'],
    prepare: async (id) => {
      await execute(id);
      await asked(id);
    },
    act: cancel,
    ends: isOver,
  },
};

async function crashOnce(victim: Role, name: string, point: string): Promise<'died' | 'lived'> {
  const scenario = scenarios[name];
  assert.ok(scenario);
  const id = await newWorkflow();
  await scenario.prepare(id);
  await arm(processes[victim], join(folder, victim), point);
  await scenario.act(id, `doomed-${id}`);
  const alive = await disarm(
    processes[victim],
    join(folder, victim),
    async () => (await call(victim, 'GET', '/health')) !== undefined,
  );
  if (!alive) {
    await processes[victim].ended;
    await spawnService(victim);
  }
  await scenario.ends(id).catch((error) => {
    const logs = Object.values(processes).map((each) => each.output().split('\n').slice(-12).join('\n'));
    throw new Error(`${victim} killed ${point} of ${name}: ${error.message}\n${logs.join('\n\n')}`);
  });
  return alive ? 'lived' : 'died';
}

for (const [name, { victims }] of Object.entries(scenarios))
  for (const victim of victims)
    test(`${victim} is killed at every point of: ${name}`, { timeout: 900_000 }, async (context) => {
      const crashes = await atEveryPoint((point) => crashOnce(victim, name, point));
      context.diagnostic(`${crashes} crashes`);
    });

test('the hub is down when the step begins, while it waits, and when the workflow is cancelled', {
  timeout: 300_000,
}, async () => {
  const down = async () => {
    await processes['hub-service'].kill();
  };
  await down();
  const id = await newWorkflow();
  const answer = await execute(id);
  assert.equal(answer?.status, 202);
  assert.equal((await read(id)).steps[0]?.waiting_reasons[0]?.code, 'operator_task_unconfirmed');
  await spawnService('hub-service');
  await asked(id);
  await down();
  assert.equal((await read(id)).steps[0]?.status, 'running');
  await spawnService('hub-service');
  await goesOn(id);

  const other = await newWorkflow();
  await execute(other);
  await asked(other);
  await down();
  assert.equal((await cancel(other))?.status, 200);
  await spawnService('hub-service');
  await isOver(other);
});

test('what a person hands in is the result of the step at once', {
  timeout: 60_000,
}, async (context) => {
  const id = await newWorkflow();
  await execute(id);
  await asked(id);
  await complete(id);
  const handedIn = performance.now();
  while ((await read(id)).steps[0]?.status !== 'succeeded')
    assert.ok(performance.now() - handedIn < 10_000, 'it never comes');
  const ms = performance.now() - handedIn;
  context.diagnostic(`${Math.round(ms)} ms`);
  // A second where the machine has nothing else to do; here it is full of tests.
  assert.ok(ms < 5_000, `${ms} ms`);
});
