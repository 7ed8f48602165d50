import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bar, rowsOf, viewOf } from './bars.ts';
import { rectsOf } from './drawing.ts';

test('however many bars there are, a picture takes few rectangles, and none of the bars is missing in it', () => {
  const devices = Array.from({ length: 20 }, (_, index) => `d${index}`);
  const kinds = ['succeeded', 'failed'] as const;
  const bars = Array.from({ length: 200_000 }, (_, index): Bar => {
    const from = (index * 7_919) % 10_000_000;
    return {
      id: String(index),
      device: devices[index % 20] ?? '',
      from,
      to: from + (index % 13) * 40,
      kind: kinds[index % 17 === 0 ? 1 : 0] ?? 'succeeded',
      title: 't',
      workflow: null,
      why: [],
    };
  });
  const width = 1_000;
  const rows = rowsOf(devices, bars);
  const rects = rectsOf(rows, viewOf(0, 10_000_000, width), width);
  assert.ok(rects.length <= width * devices.length * kinds.length, `${rects.length} rectangles`);
  // Every bar's first pixel is covered by a rectangle of its row and kind.
  const covered = new Set(
    rects.flatMap(({ x, width: w, bar }) =>
      Array.from(
        { length: Math.ceil(w) + 1 },
        (_, pixel) => `${bar.device} ${bar.kind} ${Math.floor(x) + pixel}`,
      ),
    ),
  );
  for (const { device, kind, from } of bars)
    assert.ok(covered.has(`${device} ${kind} ${Math.floor(from / 10_000)}`), `${device} ${kind} at ${from}`);
});
