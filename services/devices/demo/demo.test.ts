import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { feedMigrations } from '@labwright/feed';
import { rows } from '@labwright/kernel/statement';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import Type from 'typebox';
import { countLogs, type DemoDevices, seedDevices, seedLogs } from './index.ts';

const migrations = { name: 'devices', folder: new URL('../migrations', import.meta.url).pathname };

const overlaps = rows(
  'test.demo.overlaps',
  Type.Object({ overlaps: Type.Integer() }),
  `SELECT count(*)::int AS overlaps FROM (
     SELECT started_at < lag(finished_at) OVER (PARTITION BY device_id ORDER BY started_at) AS overlap
     FROM execution_logs) AS l WHERE overlap`,
);
const days = rows(
  'test.demo.days',
  Type.Object({ days: Type.Integer(), statuses: Type.Integer() }),
  `SELECT count(DISTINCT started_at::date)::int AS days, count(DISTINCT status)::int AS statuses FROM execution_logs`,
);

const plan: DemoDevices = {
  devices: ['reader-1', 'reader-2', 'reader-3'].map((id) => ({
    id,
    name: id,
    type: 'plate_reader',
    nests: 1,
    location: 'Bench',
    capabilities: ['plate_read', 'read_absorbance'],
    settings: {},
  })),
  workflows: [
    {
      id: 'w1',
      device_id: 'reader-1',
      steps: ['plate_read'],
      status: 'completed',
      created_at: Date.UTC(2025, 1, 1),
    },
    {
      id: 'w2',
      device_id: 'reader-1',
      steps: ['plate_read'],
      status: 'created',
      created_at: Date.UTC(2025, 1, 2),
    },
  ],
  logs: {
    count: 5_000,
    from: Date.UTC(2025, 0, 1),
    to: Date.UTC(2026, 0, 1),
    typical_seconds: { plate_read: 100_000 },
    workflow_ids: ['w1'],
  },
};

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([feedMigrations, migrations]);
});
after(() => database.drop());

test('an empty database is filled once, whoever asks', async () => {
  const { db } = database;
  const done = await Promise.all([1, 2, 3].map(() => seedDevices(db, plan)));
  assert.deepEqual(done.sort(), [false, false, true]);
  assert.equal(await countLogs(db), 5_000);
});

test('the logs cover the whole year, and no device does two things at once', async () => {
  const { db } = database;
  assert.deepEqual(await db.first(days), { days: 365, statuses: 3 });
  assert.equal((await db.first(overlaps))?.overlaps, 0);
});

test('more logs are added in batches, with progress', async () => {
  const seen: number[] = [];
  await seedLogs(database.db, { ...plan.logs, count: 45_000 }, (done) => seen.push(done));
  assert.deepEqual(seen, [20_000, 40_000, 45_000]);
  assert.equal(await countLogs(database.db), 50_000);
});
