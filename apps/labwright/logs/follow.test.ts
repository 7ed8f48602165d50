import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { Execution } from '@labwright/contract-devices';
import { eventually } from '@labwright/kernel/testing';
import { testTerminal } from '../command-line/testing.ts';
import { commandLine, placesOf } from '../commands/testing.ts';
import { openLab as reachLab } from '../lab/open-lab.ts';
import { openLab, type TestLab } from '../security/testing/lab.ts';
import { followLogs } from './follow.ts';

let lab: TestLab;
let env: Record<string, string>;
const { ok } = commandLine(() => env);

before(async () => {
  lab = await openLab();
  env = placesOf(lab);
});
after(() => lab.close());

const filters = {
  device_id: undefined,
  workflow_id: undefined,
  operation: undefined,
  status: undefined,
  start: undefined,
};

async function operate(device: string, operation: string) {
  const { devices } = reachLab({}, env);
  await devices.send('POST', `/devices/${device}/execute`, {
    body: { workflow_id: 'by-hand', operation, wait_seconds: 30 },
    waitSeconds: 30,
  });
}

test('what the devices do is told as it happens: its end once, and with a filter only what fits', async () => {
  const { devices } = reachLab({}, env);
  const all = testTerminal();
  const failed = testTerminal();
  const ending = new AbortController();
  const options = { found: [], asJson: true, signal: ending.signal };
  const following = [
    followLogs(devices, { ...options, filters }, all),
    followLogs(devices, { ...options, filters: { ...filters, status: 'failed' } }, failed),
  ];
  const told = () =>
    all
      .said()
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as Execution);
  await ok('book liquid-handler-1 by-hand');
  await ok('book plate-reader-1 by-hand');
  await operate('liquid-handler-1', 'pipette_transfer');
  await operate('plate-reader-1', 'plate_read');
  await eventually('both are told', async () =>
    told().filter(({ status }) => status !== 'running').length === 2 ? true : undefined,
  );
  ending.abort();
  await Promise.allSettled(following);
  const ended = told().filter(({ status }) => status === 'succeeded');
  assert.deepEqual(ended.map(({ device_id }) => device_id).toSorted(), [
    'liquid-handler-1',
    'plate-reader-1',
  ]);
  assert.equal(new Set(told().map(({ id, status }) => `${id} ${status}`)).size, told().length, 'told twice');
  assert.equal(failed.said(), '');
});
