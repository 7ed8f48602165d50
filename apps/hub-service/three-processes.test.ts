/**
 * The laboratory as it runs apart: three processes with a database each, and accounts. People sign in at the hub and are known at the other two, which
 * check tokens themselves; what happens there comes to people as tasks, notifications and live. Any of the three may be killed.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { type ChatClient, connectChat } from '@labwright/contract-hub/chat-client';
import {
  createTestDatabase,
  eventually,
  freePort,
  spawnScript,
  type TestDatabase,
  type TestProcess,
} from '@labwright/kernel/testing';

const roles = ['hub-service', 'device-service', 'workflow-service'] as const;
type Role = (typeof roles)[number];

const scripts: Record<Role, string> = {
  'hub-service': import.meta.resolve('./main.ts'),
  'device-service': import.meta.resolve('../device-service/main.ts'),
  'workflow-service': import.meta.resolve('../workflow-service/main.ts'),
};

const setupToken = 'the-setup-token-of-the-test';
const password = 'a sentence that is long enough';

let folder: string;
const databases = {} as Record<Role, TestDatabase>;
const ports = {} as Record<Role, number>;
const processes = {} as Record<Role, TestProcess>;
const chats: ChatClient[] = [];

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-three-'));
  for (const role of roles) {
    databases[role] = await createTestDatabase([]);
    ports[role] = await freePort();
  }
  for (const role of roles) await begin(role);
});

after(async () => {
  for (const chat of chats) chat.close();
  await Promise.all(Object.values(processes).map((running) => running.kill()));
  await Promise.all(Object.values(databases).map((database) => database.drop()));
  await rm(folder, { recursive: true, force: true });
});

const urlOf = (role: Role) => `http://127.0.0.1:${ports[role]}`;

async function begin(role: Role): Promise<void> {
  processes[role] = spawnScript(scripts[role], {
    DEVICE_DATABASE_URL: databases['device-service'].url,
    HUB_DATABASE_URL: databases['hub-service'].url,
    WORKFLOW_DATABASE_URL: databases['workflow-service'].url,
    DEVICE_SERVICE_PORT: String(ports['device-service']),
    HUB_SERVICE_PORT: String(ports['hub-service']),
    WORKFLOW_SERVICE_PORT: String(ports['workflow-service']),
    DEVICE_SERVICE_URL: urlOf('device-service'),
    WORKFLOW_SERVICE_URL: urlOf('workflow-service'),
    SERVICE_TOKEN: 'the-secret-that-all-services-of-this-test-share',
    LABWRIGHT_HOME: folder,
    ACTION_LEASE_SECONDS: '1',
    EXECUTION_LEASE_SECONDS: '1',
    ...(role === 'hub-service'
      ? { LABWRIGHT_ACCOUNTS: '1', LABWRIGHT_SETUP_TOKEN: setupToken, TRUSTED_PROXIES: '127.0.0.1' }
      : { HUB_URL: urlOf('hub-service') }),
  });
  await processes[role].wrote(/the service listens/);
}

interface Answer {
  status: number;
  // biome-ignore lint/suspicious/noExplicitAny: an answer is whatever JSON came.
  body: any;
}

/** Undefined where nobody answers yet, or a full machine asks to come again. */
async function once(
  role: Role,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  { token, body }: { token?: string; body?: object } = {},
): Promise<Answer | undefined> {
  const response = await fetch(urlOf(role) + path, {
    method,
    headers: {
      connection: 'close',
      ...(token ? { authorization: `Bearer ${token}` } : {}),
      ...(body ? { 'content-type': 'application/json' } : {}),
    },
    ...(body ? { body: JSON.stringify(body) } : {}),
  }).catch(() => undefined);
  if (!response || response.status === 503) return undefined;
  const text = await response.text();
  return { status: response.status, body: text === '' ? {} : JSON.parse(text) };
}

const call = (...request: Parameters<typeof once>): Promise<Answer> =>
  eventually(`${request.slice(0, 3).join(' ')} is answered`, () => once(...request));

async function must(...request: Parameters<typeof call>) {
  const { status, body } = await call(...request);
  assert.ok(status < 300, `${request.slice(0, 3).join(' ')}: ${status} ${JSON.stringify(body)}`);
  return body;
}

interface Person {
  id: string;
  email: string;
  token: string;
  refresh: string;
}
let admin: Person;
const personOf = (body: Answer['body']): Person => ({
  id: body.user.id,
  email: body.user.email,
  token: body.access_token,
  refresh: body.refresh_token,
});

async function person(role: string, name: string): Promise<Person> {
  // An answer that was lost leaves an account behind: each try is about another one.
  const made = await eventually(`${name} has an account`, () =>
    once('hub-service', 'POST', '/users', {
      token: admin.token,
      body: { name, email: `${randomUUID()}@example.org`, role },
    }),
  );
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const body = { token: made.body.invitation.token, password, deliver: 'body' };
  return personOf(await must('hub-service', 'POST', '/invitations/accept', { body }));
}

const device = 'handler-1';

/** A workflow of somebody that waits for the hand of somebody else, then moves the device. */
async function workflowOf(scientist: Person, operator: Person): Promise<string> {
  const { id } = await must('workflow-service', 'POST', '/workflows', {
    token: scientist.token,
    body: {
      name: 'By hand, then by itself',
      device_id: device,
      auto: true,
      steps: [
        {
          operator_task: {
            title: 'Look at it',
            fields: [{ type: 'number', name: 'volume', label: 'Volume' }],
            assignee: { person: operator.id },
          },
        },
        'pipette_transfer',
      ],
    },
  });
  await must('workflow-service', 'POST', `/workflows/${id}/start`, { token: scientist.token });
  return id;
}

const taskOf = (id: string, by: Person) =>
  eventually('the task is there', async () => {
    const { tasks } = await must('hub-service', 'GET', `/tasks?workflow_id=${id}`, { token: by.token });
    return tasks[0];
  });

const isCompleted = (id: string, by: Person) =>
  eventually('the workflow is completed', async () => {
    const workflow = await must('workflow-service', 'GET', `/workflows/${id}`, { token: by.token });
    return workflow.status === 'completed' ? workflow : undefined;
  });

function watch(by: Person, rooms: string[]) {
  const seen: string[] = [];
  const byes: string[] = [];
  /** The connection is another one: what was live meanwhile was missed, and is read anew by who wants it. */
  let stale = 0;
  const chat = connectChat({
    url: urlOf('hub-service'),
    headers: { authorization: `Bearer ${by.token}` },
    onChanges: (_room, messages) => void seen.push(...messages.map(({ text }) => text)),
    onLive: ({ room, type, data }) => {
      const event = data as { workflow_id?: string | null; data?: { status?: string } };
      seen.push(`${room} ${type} ${event.workflow_id} ${event.data?.status}`);
    },
    onBye: ({ code }) => void byes.push(code),
    onStale: () => {
      stale += 1;
    },
  });
  chats.push(chat);
  for (const room of rooms) chat.watch(room);
  return { chat, seen, byes, stale: () => stale };
}

test('the first administrator, and people whom the other two know by what the hub signed', async () => {
  const made = await must('hub-service', 'POST', '/setup', {
    body: { token: setupToken, name: 'Root', email: 'root@example.org', password, deliver: 'body' },
  });
  admin = personOf(made);
  for (const role of roles) {
    assert.equal((await call(role, 'GET', '/audit')).status, 401);
    assert.equal((await call(role, 'GET', '/audit', { token: admin.token })).status, 200);
    assert.equal((await call(role, 'GET', '/audit', { token: `${admin.token}x` })).status, 401);
  }
  await must('device-service', 'POST', '/devices', {
    token: admin.token,
    body: { id: device, name: device, type: 'liquid_handler', settings: { speed: 10_000 } },
  });
  const viewer = await person('viewer', 'Vera');
  const refused = await call('workflow-service', 'POST', '/workflows', {
    token: viewer.token,
    body: { name: 'no', device_id: device, steps: ['pipette_transfer'] },
  });
  assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
});

test('behind the hub, and the proxy before it, each client has limits of its own', async () => {
  for (const path of ['device-service/devices', 'workflow-service/workflows']) {
    const of = (client: string) =>
      eventually(`${path} answers ${client}`, async () => {
        const answer = await fetch(`${urlOf('hub-service')}/api/${path}`, {
          headers: { authorization: `Bearer ${admin.token}`, 'x-forwarded-for': client },
        });
        await answer.arrayBuffer();
        return answer.ok ? (answer.headers.get('ratelimit') ?? '') : undefined;
      });
    assert.match(await of('203.0.113.1'), /"read-address";r=9999/);
    assert.match(await of('203.0.113.2'), /"read-address";r=9999/);
  }
});

test('a workflow waits for a hand: the task, the notifications, the live state, and whose doing it was', async () => {
  const scientist = await person('scientist', 'Sam');
  const operator = await person('operator', 'Olga');
  // Whoever was never there has not chosen what to hear of.
  await must('hub-service', 'GET', '/notifications', { token: scientist.token });
  const { chat, seen } = watch(operator, [`device:${device}`, 'lab']);
  await chat.follow('lab');
  const id = await workflowOf(scientist, operator);
  const task = await taskOf(id, operator);
  assert.deepEqual([task.status, task.assignee.person], ['open', operator.id]);
  const told = await eventually('the operator is told', async () => {
    const { notifications } = await must('hub-service', 'GET', '/notifications', { token: operator.token });
    return notifications.find(({ type }: { type: string }) => type === 'task.assigned');
  });
  assert.match(told.title, /Look at it/);
  await must('hub-service', 'POST', `/tasks/${task.id}/complete`, {
    token: operator.token,
    body: { values: { volume: 7 } },
  });
  const workflow = await isCompleted(id, scientist);
  assert.deepEqual(workflow.steps[0].result, { volume: 7 });
  await eventually('the scientist hears of the end', async () => {
    const { notifications } = await must('hub-service', 'GET', '/notifications', { token: scientist.token });
    return notifications.find(
      ({ type, subject }: { type: string; subject: { workflow_id?: string } }) =>
        type === 'workflow.completed' && subject.workflow_id === id,
    );
  });
  await eventually('it was seen live', async () =>
    seen.includes(`lab workflow.changed ${id} completed`) &&
    seen.some((line) => line.startsWith(`device:${device} `))
      ? true
      : undefined,
  );
  await must('hub-service', 'POST', '/chat/rooms/lab/messages', {
    token: scientist.token,
    body: { text: 'It is done' },
  });
  await eventually('the message is seen', async () => seen.includes('It is done') || undefined);
  // Each service has on record who did it, by the name that the hub gave.
  const created = await must('workflow-service', 'GET', `/audit?subject=workflow:${id}&limit=100`, {
    token: admin.token,
  });
  assert.ok(created.entries.some(({ actor }: { actor: { id: string } }) => actor.id === scientist.id));
  const done = await must('hub-service', 'GET', `/audit?subject=task:${task.id}`, { token: admin.token });
  assert.ok(
    done.entries.some(
      ({ actor, action }: { actor: { id: string }; action: string }) =>
        action === 'task.complete' && actor.id === operator.id,
    ),
  );
});

test('an API token is for what it is for, everywhere, and for nothing once it is revoked', async () => {
  const scientist = await person('scientist', 'Tim');
  const made = await must('hub-service', 'POST', '/api-tokens', {
    token: scientist.token,
    body: { name: 'robot', role: 'scientist', scopes: ['devices:read'] },
  });
  const robot = { token: made.token };
  assert.equal((await call('device-service', 'GET', '/devices', robot)).status, 200);
  const other = await call('workflow-service', 'GET', '/workflows', robot);
  assert.deepEqual([other.status, other.body.code], [403, 'forbidden']);
  await must('hub-service', 'DELETE', `/api-tokens/${made.api_token.id}`, { token: scientist.token });
  await eventually('the token is refused', async () =>
    (await call('device-service', 'GET', '/devices', robot)).status === 401 ? true : undefined,
  );
});

test('who is locked out is refused by all three, and the open socket ends', async () => {
  const operator = await person('operator', 'Otto');
  const robot = await must('hub-service', 'POST', '/api-tokens', {
    token: operator.token,
    body: { name: 'robot', role: 'operator' },
  });
  const { chat, byes } = watch(operator, ['lab']);
  await chat.follow('lab');
  for (const role of roles)
    for (const token of [operator.token, robot.token])
      assert.equal((await call(role, 'GET', '/audit', { token })).status, 200);
  await must('hub-service', 'POST', `/users/${operator.id}/lock`, {
    token: admin.token,
    body: { reason: 'has left' },
  });
  for (const role of roles)
    for (const token of [operator.token, robot.token])
      await eventually(`${role} refuses`, async () =>
        (await call(role, 'GET', '/audit', { token })).status === 401 ? true : undefined,
      );
  await eventually('the socket ends', async () => byes.includes('unauthenticated') || undefined);
  const again = await call('hub-service', 'POST', '/session/refresh', {
    body: { refresh_token: operator.refresh },
  });
  assert.equal(again.status, 401);
});

for (const victim of roles)
  test(`${victim} is killed while a workflow waits for a hand, and started again: it goes on`, async () => {
    const scientist = await person('scientist', `Sue-${victim}`);
    const operator = await person('operator', `Oz-${victim}`);
    const { chat, seen, stale } = watch(operator, ['lab']);
    await chat.follow('lab');
    const id = await workflowOf(scientist, operator);
    const task = await taskOf(id, operator);
    await eventually('it watches', async () => stale() === 1 || undefined);
    await processes[victim].kill();
    // Who has a token is known to those that are left: they ask nobody.
    for (const role of roles.filter((each) => each !== victim))
      assert.equal((await call(role, 'GET', '/audit', { token: operator.token })).status, 200);
    await begin(victim);
    if (victim === 'hub-service')
      await eventually('it watches again', async () => stale() === 2 || undefined);
    await must('hub-service', 'POST', `/tasks/${task.id}/complete`, {
      token: operator.token,
      body: { values: { volume: 7 } },
    });
    await isCompleted(id, scientist);
    await eventually(
      'it was seen live',
      async () => seen.includes(`lab workflow.changed ${id} completed`) || undefined,
    );
    // Signed in before, and known after.
    const renewed = await must('hub-service', 'POST', '/session/refresh', {
      body: { refresh_token: scientist.refresh },
    });
    for (const role of roles)
      assert.notEqual(
        (await call(role, 'GET', '/openapi.json', { token: renewed.access_token })).status,
        401,
      );
  });
