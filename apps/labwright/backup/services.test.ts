import assert from 'node:assert/strict';
import { test } from 'node:test';
import { accountsMigrations } from '@labwright/accounts';
import { auditMigrations } from '@labwright/audit';
import { chatMigrations } from '@labwright/chat';
import { devicesMigrations } from '@labwright/devices';
import { filesMigrations } from '@labwright/files';
import { jobsMigrations } from '@labwright/jobs';
import { celeryMigrations } from '@labwright/jobs/transports/celery';
import { kernelMigrations } from '@labwright/kernel/service';
import { limitsMigrations } from '@labwright/limits/postgres';
import { linksMigrations } from '@labwright/links';
import { locksMigrations } from '@labwright/locks/postgres';
import { notificationsMigrations } from '@labwright/notifications';
import { tasksMigrations } from '@labwright/tasks';
import { workflowsMigrations } from '@labwright/workflows';
import { migrationSets } from './services.ts';

test('a restore knows the migrations of every package, and each set comes behind those that it needs', () => {
  const known = new Map(migrationSets.map(({ name, folder }) => [name, folder.replace(/\/$/, '')]));
  const lists = [
    [kernelMigrations, ...devicesMigrations, limitsMigrations, celeryMigrations, locksMigrations],
    [kernelMigrations, ...workflowsMigrations, limitsMigrations],
    [kernelMigrations, auditMigrations, jobsMigrations, ...tasksMigrations],
    [accountsMigrations, chatMigrations, filesMigrations, linksMigrations, notificationsMigrations],
  ];
  for (const { name, folder } of lists.flat()) assert.equal(known.get(name), folder.replace(/\/$/, ''), name);
  assert.deepEqual(new Set(known.keys()), new Set(lists.flat().map(({ name }) => name)));
  const order = [...known.keys()];
  for (const list of [devicesMigrations, workflowsMigrations, tasksMigrations]) {
    const places = list.map(({ name }) => order.indexOf(name));
    assert.deepEqual(
      places,
      places.toSorted((a, b) => a - b),
      list.map(({ name }) => name).join(' '),
    );
  }
});
