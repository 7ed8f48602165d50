import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { silentLog } from '@labwright/kernel/log';
import { createTestDatabase, eventually, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import {
  createWorker,
  defineTask,
  type EnqueueOptions,
  enqueue,
  findJob,
  handle,
  jobsMigrations,
} from './index.ts';
import { postgresTransport } from './transports/postgres/index.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([jobsMigrations]);
});
after(() => database.drop());

const odd = defineTask({ name: 'odd', args: Type.Object({ what: Type.String() }), maxAttempts: 1 });

/** What a handler may throw, though nobody should. */
const thrown: Record<string, () => unknown> = {
  nothing: () => null,
  'an object without a text': () => Object.create(null),
  'an error whose message throws': () =>
    Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new Error('no');
      },
    }),
  'an error whose name has no text': () => Object.assign(new Error('named'), { name: Object.create(null) }),
  'a proxy that was revoked': () => {
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    return proxy;
  },
};

test('whatever a handler throws ends its attempt', async () => {
  const { db } = database;
  const worker = createWorker({
    db,
    transport: postgresTransport(db),
    log: silentLog,
    queues: ['odd'],
    handlers: [
      handle(odd, async ({ what }) => {
        throw thrown[what]?.();
      }),
    ],
    drainMs: 100,
  });
  await worker.start();
  try {
    for (const what of Object.keys(thrown)) {
      const { id } = await enqueue(db, odd, { what }, { queue: 'odd' });
      await eventually(`${what} ends the job`, async () =>
        (await findJob(db, id))?.state === 'dead' ? true : undefined,
      );
    }
    assert.equal(worker.running, 0);
  } finally {
    await worker.stop();
  }
});

test('options that cannot be kept are refused by name', async () => {
  const faults: [keyof EnqueueOptions, unknown][] = [
    ['key', 'a\0'],
    ['uniqueKey', '\ud800'],
    ['queue', 'a\0'],
    ['timeoutMs', -1],
    ['timeoutMs', 1.5],
    ['timeoutMs', Number.NaN],
    ['timeoutMs', 2 ** 31],
    ['runAt', new Date(Number.NaN)],
    ['expiresAt', new Date(Number.NaN)],
  ];
  for (const [name, value] of faults)
    await assert.rejects(enqueue(database.db, odd, { what: '' }, { [name]: value }), {
      name: 'InvalidArgs',
      message: new RegExp(`^${name} `),
    });
});
