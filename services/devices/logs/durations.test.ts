import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { createTestDatabase, type TestDatabase } from '@labwright/kernel/testing';
import { devicesMigrations } from '../index.ts';
import { durations } from './durations.ts';
import { insertLogs } from './testing/log-bench.ts';

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase(devicesMigrations);
});
after(() => database.drop());

test('median and 90th percentile of the newest 200 that succeeded on this type of device', async () => {
  const at = (second: number) => new Date(Date.UTC(2025, 0, 1) + second * 1000).toISOString();
  const reads = (ms: number, count: number, from: number) =>
    Array.from({ length: count }, (_, index) => ({ duration_ms: ms + index, started_at: at(from + index) }));
  await insertLogs(database.db, [
    ...reads(1_000_000, 50, 0),
    ...reads(1_000, 200, 100),
    { duration_ms: 5, started_at: at(1_000), status: 'failed' as const },
    { duration_ms: null, started_at: at(1_001) },
    { duration_ms: 7, started_at: at(1_002), device_type: 'other_reader' },
    { duration_ms: 40, operation: 'shake' },
  ]);
  const found = await durations(database.db, 'plate_reader', ['plate_read', 'shake', 'never', 'shake']);
  assert.deepEqual(
    found,
    new Map([
      ['plate_read', { median_ms: 1_099.5, p90_ms: 1_179.1, samples: 200 }],
      ['shake', { median_ms: 40, p90_ms: 40, samples: 1 }],
    ]),
  );
  assert.equal((await durations(database.db, 'plate_reader', [])).size, 0);
});
