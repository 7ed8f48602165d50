import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import type { Device } from '@labwright/contract-devices';
import type { Workflow } from '@labwright/contract-workflows';
import { testTerminal } from '../command-line/testing.ts';
import { widthOf } from '../output/width.ts';
import { type Looks, picture } from './picture.ts';
import type { LabView } from './read-view.ts';

const at = Date.parse('2026-03-01T12:00:00Z');
const device = (number: number): Device => ({
  id: `incubator-${number}`,
  name: '孵化器',
  type: 'incubator',
  status: number % 3 === 0 ? 'busy' : 'available',
  paused: false,
  capabilities: ['incubate'],
  nests: 1,
  location: null,
  settings: {},
  fencing_token: 1,
  created_at: new Date(at).toISOString(),
  updated_at: new Date(at).toISOString(),
});
const step = {
  parameters: {},
  operator_task: null,
  attempts: 1,
  execution_id: null,
  result: null,
  error: null,
};
const workflow: Workflow = {
  id: '4711',
  name: 'Overnight \x1b[2J culture',
  device_id: 'incubator-3',
  status: 'running',
  status_reason: null,
  priority: 'normal',
  auto: true,
  booking_id: '1',
  fencing_token: 1,
  queue_entry_id: null,
  created_at: new Date(at - 90_000).toISOString(),
  started_at: new Date(at - 60_000).toISOString(),
  finished_at: null,
  updated_at: new Date(at).toISOString(),
  samples: [],
  steps: (['succeeded', 'running'] as const).map((status, index) => ({
    ...step,
    position: index + 1,
    operation: 'incubate',
    status,
    started_at: null,
    finished_at: null,
    duration_ms: null,
    waiting_reasons: [],
  })),
};
const view: LabView = {
  at,
  devices: Array.from({ length: 30 }, (_, index) => device(index + 1)),
  workflows: [workflow],
  queues: new Map(),
};
const looks: Looks = {
  width: 100,
  height: 30,
  focus: 0,
  offsets: [0, 0, 0],
  trouble: null,
  where: 'http://lab',
};
const drawn = (more: Partial<Looks>, of = view) =>
  picture(of, { ...looks, ...more }, testTerminal({ columns: 100 }));

test('of any size: as many lines as the screen has, none wider, and no code of the laboratory', () => {
  for (let height = 6; height < 60; height += 3)
    for (let width = 20; width < 180; width += 13) {
      const { lines } = drawn({ height, width });
      assert.equal(lines.length, height, `${width} × ${height}`);
      for (const line of lines) {
        assert.ok(!line.includes('\x1b[2J'));
        // What the screen cuts off is no more than the columns that cannot be narrower.
        if (width >= 90) assert.ok(widthOf(stripVTControlCharacters(line)) <= width, line);
      }
    }
});

test('who holds a device stands beside it, with its step and how far it is', () => {
  const text = stripVTControlCharacters(drawn({}).lines.join('\n'));
  assert.match(text, /incubator-3 +busy +█████░{5} 1\/2 +incubate running/);
  assert.match(text, /Devices +10 busy, 20 available, 0 in maintenance/);
  assert.match(text, /running +incubator-3 +1\/2 +1 min +Overnight/);
  assert.match(text, /Nobody waits for a device/);
});

test('scrolled: the part that is shown is told; on a low screen only the list that has the keys', () => {
  const { lines, rooms } = drawn({ height: 12, offsets: [4, 0, 0] });
  assert.match(stripVTControlCharacters(lines.join('\n')), /▸ Devices.*5–11 of 30/);
  assert.deepEqual(rooms.slice(1), [0, 0]);
  assert.match(stripVTControlCharacters(drawn({ height: 12, focus: 2 }).lines.join('\n')), /▸ Queues/);
});

test('trouble is said in the first line, with the time of what is shown', () => {
  assert.match(
    stripVTControlCharacters(drawn({ trouble: 'device-service cannot be reached' }).lines[0] ?? ''),
    /as of \d\d:\d\d:\d\d: device-service cannot/,
  );
});
