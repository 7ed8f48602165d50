/**
 * Each action of a workflow changes two databases. Here either service is killed between any two of the statements
 * that the action makes, one point after the other until an action gets through alive; then it is started again, and
 * what the two sides say must fit together, with nothing left in hand and nothing done twice.
 */
import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { devicesMigrations } from '@labwright/devices';
import { rows } from '@labwright/kernel/statement';
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
import Type from 'typebox';
import { arm, atEveryPoint, disarm } from './arm.ts';

type Role = 'device-service' | 'workflow-service';
type Json = Record<string, unknown>;

const scripts: Record<Role, string> = {
  'device-service': import.meta.resolve('../../device-service/main.ts'),
  'workflow-service': import.meta.resolve('../main.ts'),
};

const claims = rows(
  'test.crash.claims',
  Type.Object({
    status: Type.String(),
    action: Type.Union([Type.String(), Type.Null()]),
    booking_id: Type.Union([Type.String(), Type.Null()]),
    running_steps: Type.Integer(),
  }),
  `SELECT w.status, w.action, w.booking_id,
     (SELECT count(*) FROM workflow_steps s WHERE s.workflow_id = w.id AND s.status = 'running')::int AS running_steps
   FROM workflows w WHERE w.id = $1`,
);
const holdings = rows(
  'test.crash.holdings',
  Type.Object({
    bookings: Type.Array(Type.String()),
    waiting: Type.Integer(),
    executions: Type.Integer(),
    running: Type.Integer(),
  }),
  `SELECT
     ARRAY(SELECT id::text FROM device_bookings WHERE workflow_id = $1 AND status = 'active') AS bookings,
     (SELECT count(*) FROM device_queue WHERE workflow_id = $1 AND status = 'queued')::int AS waiting,
     (SELECT count(*) FROM execution_logs WHERE workflow_id = $1)::int AS executions,
     (SELECT count(*) FROM execution_logs WHERE workflow_id = $1 AND status = 'running')::int AS running`,
);

let folder: string;
let databases: Record<Role, TestDatabase>;
const ports = {} as Record<Role, number>;
const processes = {} as Record<Role, TestProcess>;
let made = 0;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-crash-'));
  databases = {
    'device-service': await createTestDatabase(devicesMigrations),
    'workflow-service': await createTestDatabase(workflowsMigrations),
  };
  for (const role of ['device-service', 'workflow-service'] as const) ports[role] = await freePort();
  await spawnService('device-service');
  await spawnService('workflow-service');
});

after(async () => {
  await Promise.all(Object.values(processes).map((running) => running.kill()));
  await Promise.all(Object.values(databases).map((database) => database.drop()));
  await rm(folder, { recursive: true, force: true });
});

async function spawnService(role: Role): Promise<void> {
  const service = spawnScript(
    scripts[role],
    {
      DEVICE_DATABASE_URL: databases['device-service'].url,
      WORKFLOW_DATABASE_URL: databases['workflow-service'].url,
      DEVICE_SERVICE_PORT: String(ports['device-service']),
      WORKFLOW_SERVICE_PORT: String(ports['workflow-service']),
      DEVICE_SERVICE_URL: `http://127.0.0.1:${ports['device-service']}`,
      LABWRIGHT_HOME: folder,
      EXECUTION_LEASE_SECONDS: '0.5',
      ACTION_LEASE_SECONDS: '0.5',
      CRASH_FILE: join(folder, role),
    },
    { preload: crashPoint },
  );
  processes[role] = service;
  await service.wrote(/the service listens/);
}

/** Null: the connection broke before an answer came. */
async function call(
  role: Role,
  method: string,
  path: string,
  body?: Json,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Json } | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${ports[role]}${path}`, {
      method,
      headers: { connection: 'close', ...headers, ...(body ? { 'content-type': 'application/json' } : {}) },
      ...(body ? { body: JSON.stringify(body) } : {}),
    });
    return { status: response.status, body: (await response.json()) as Json };
  } catch {
    return null;
  }
}

async function must(role: Role, method: string, path: string, body?: Json): Promise<Json> {
  const answer = await call(role, method, path, body);
  assert.ok(answer && answer.status < 300, `${method} ${path}: ${JSON.stringify(answer)}`);
  return answer.body;
}

interface Bench {
  device: string;
  workflow: string;
}

/** A device and a workflow of its own for each crash, so that no earlier one can be in the way. */
async function newBench(): Promise<Bench> {
  made += 1;
  const device = `handler-${made}`;
  await must('device-service', 'POST', '/devices', {
    id: device,
    name: device,
    type: 'liquid_handler',
    settings: { speed: 10_000 },
  });
  const workflow = await must('workflow-service', 'POST', '/workflows', {
    name: device,
    device_id: device,
    steps: ['pipette_transfer', 'dispense_reagent'],
  });
  return { device, workflow: String(workflow.id) };
}

const action = (bench: Bench, name: string, body?: Json, headers?: Record<string, string>) =>
  call('workflow-service', 'POST', `/workflows/${bench.workflow}/${name}`, body, headers);
/** The one request whose statements count. */
const doomed = (bench: Bench, name: string, body?: Json) =>
  action(bench, name, body, { 'x-request-id': `doomed-${bench.workflow}` });
const begin = async (bench: Bench) => {
  await must('workflow-service', 'POST', `/workflows/${bench.workflow}/start`);
};
const occupy = (bench: Bench) =>
  must('device-service', 'POST', `/devices/${bench.device}/book`, { workflow_id: 'somebody-else' });

/** What each action may end in, whether it was cut short or not. */
const scenarios: Record<
  string,
  {
    prepare: (bench: Bench) => Promise<unknown>;
    act: (bench: Bench) => ReturnType<typeof call>;
    ends: string[];
  }
> = {
  start: { prepare: async () => {}, act: (b) => doomed(b, 'start'), ends: ['created', 'running'] },
  'start in the queue': {
    prepare: occupy,
    act: (b) => doomed(b, 'start', { queue: true }),
    ends: ['created', 'queued'],
  },
  'execute-step': { prepare: begin, act: (b) => doomed(b, 'execute-step'), ends: ['running', 'failed'] },
  pause: { prepare: begin, act: (b) => doomed(b, 'pause'), ends: ['running', 'paused'] },
  resume: {
    prepare: async (b) => {
      await begin(b);
      await action(b, 'pause');
    },
    act: (b) => doomed(b, 'resume'),
    ends: ['paused', 'running'],
  },
  complete: { prepare: begin, act: (b) => doomed(b, 'complete'), ends: ['running', 'completed'] },
  cancel: { prepare: begin, act: (b) => doomed(b, 'cancel'), ends: ['running', 'cancelled'] },
};

/** Resolves when both sides say the same and nothing is in hand. */
function settled(bench: Bench) {
  let last = '';
  return eventually('both services agree', async () => {
    const [claim, held] = await Promise.all([
      databases['workflow-service'].db.first(claims, [bench.workflow]),
      databases['device-service'].db.first(holdings, [bench.workflow]),
    ]);
    assert.ok(claim && held);
    const holds = ['running', 'failed'].includes(claim.status);
    const agree =
      claim.action === null &&
      claim.running_steps === 0 &&
      held.running === 0 &&
      held.waiting === (claim.status === 'queued' ? 1 : 0) &&
      (holds
        ? held.bookings.length === 1 && held.bookings[0] === claim.booking_id
        : held.bookings.length === 0);
    last = JSON.stringify({ claim, held });
    return agree ? { status: claim.status, executions: held.executions } : undefined;
  }).catch((error) => {
    const logs = Object.values(processes).map((running) =>
      running.output().split('\n').slice(-12).join('\n'),
    );
    throw new Error(`${error.message}\n${last}\n${logs.join('\n\n')}`);
  });
}

async function crashOnce(victim: Role, name: string, point: string): Promise<'died' | 'lived'> {
  const scenario = scenarios[name];
  assert.ok(scenario);
  const bench = await newBench();
  await scenario.prepare(bench);
  const process = processes[victim];
  await arm(process, join(folder, victim), point);

  const answer = await scenario.act(bench);
  // An answer of the other service may come while the victim's end is still being noticed.
  const alive = await disarm(
    process,
    join(folder, victim),
    async () => (await call(victim, 'GET', '/health')) !== null,
  );
  if (!alive) {
    await process.ended;
    await spawnService(victim);
  }
  const after = await settled(bench).catch((error) => {
    throw new Error(
      `${victim} killed ${point} of ${name}, answer ${JSON.stringify(answer)}: ${error.message}`,
    );
  });
  assert.ok(scenario.ends.includes(after.status), `${victim} killed ${point} of ${name}: ${after.status}`);
  assert.ok(
    after.executions <= 1,
    `${victim} killed ${point} of ${name}: the device moved ${after.executions} times`,
  );
  // What was answered is what is: a 2xx means that it is committed.
  if (answer && answer.status < 300) {
    const workflow = answer.body.workflow as Json;
    assert.equal(after.status, workflow.status, `${victim} killed ${point} of ${name} after it had answered`);
  }
  // And it goes on from there. What the feed tells late may still be put right meanwhile.
  await eventually(`cancel after ${victim} was killed ${point} of ${name}`, async () => {
    const cancelled = await action(bench, 'cancel');
    return cancelled?.status === 200 || after.status === 'completed' ? true : undefined;
  });
  return alive ? 'lived' : 'died';
}

/** Declares the tests in which this service is killed: one for each action. */
export function killAtEveryPoint(victim: Role): void {
  for (const name of Object.keys(scenarios)) {
    test(`${victim} is killed at every point of: ${name}`, { timeout: 900_000 }, async (context) => {
      const crashes = await atEveryPoint((point) => crashOnce(victim, name, point));
      context.diagnostic(`${crashes} crashes`);
    });
  }
}
