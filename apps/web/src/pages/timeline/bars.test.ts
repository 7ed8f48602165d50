import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Bar, barAt, eachVisible, pan, rowsOf, ticks, viewOf, zoom } from './bars.ts';

const bar = (id: number, from: number, to: number, device = 'a'): Bar => ({
  id: String(id),
  device,
  from,
  to,
  kind: 'succeeded',
  title: 't',
  workflow: null,
  why: [],
});

test('what is visible is found without looking at all, and just that (by chance)', () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const below = (n: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2 ** 31;
    return state % n;
  };
  for (let round = 0; round < 200; round += 1) {
    const bars = Array.from({ length: below(60) }, (_, id) => {
      const from = below(1_000);
      return bar(id, from, from + below(below(20) === 0 ? 500 : 20), below(2) === 0 ? 'a' : 'b');
    });
    const from = below(1_000);
    const to = from + below(200);
    for (const row of rowsOf(['a', 'b'], bars)) {
      const seen: string[] = [];
      eachVisible(row, from, to, ({ id }) => seen.push(id));
      const wanted = bars.filter((one) => one.device === row.device && one.to >= from && one.from <= to);
      assert.deepEqual(
        seen.toSorted(),
        wanted.map(({ id }) => id).toSorted(),
        `seed ${seed}, round ${round}`,
      );
    }
  }
});

test('who points at a time finds its bar, and a narrow one a little beside it', () => {
  const [row] = rowsOf(['a'], [bar(1, 0, 100), bar(2, 200, 201), bar(3, 210, 300)]);
  assert.ok(row);
  assert.equal(barAt(row, 50, 5)?.id, '1');
  assert.equal(barAt(row, 198, 5)?.id, '2');
  assert.equal(barAt(row, 150, 5), undefined);
  assert.equal(barAt(row, 208, 5)?.id, '3');
});

test('nearer and further: what is under the pointer stays there, and back again is where it was', () => {
  const view = viewOf(1_000_000, 2_000_000, 1_000);
  const near = zoom(view, 0.5, 300, 1_000);
  assert.equal(near.from + 300 * near.msPerPixel, view.from + 300 * view.msPerPixel);
  assert.deepEqual(zoom(near, 2, 300, 1_000), view);
  assert.deepEqual(pan(pan(view, 120), -120), view);
  assert.ok(zoom(view, 1e-9, 0, 1_000).msPerPixel >= 10);
});

test('the times on the axis are round and far enough apart, however near one looks', () => {
  for (const msPerPixel of [10, 100, 1_000, 60_000, 600_000, 5_000_000]) {
    const found = ticks({ from: Date.UTC(2026, 0, 1, 3, 17), msPerPixel }, 1_200);
    assert.ok(found.length >= 1 && found.length <= 12, `${msPerPixel}: ${found.length}`);
    for (const { at, step } of found) {
      assert.equal((at - new Date(at).getTimezoneOffset() * 60_000) % step, 0);
      assert.ok(step / msPerPixel >= 110);
    }
  }
});
