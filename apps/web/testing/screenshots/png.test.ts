import assert from 'node:assert/strict';
import { test } from 'node:test';
import { decodePng, difference, encodePng, type Picture } from './png.ts';

/** Two plain halves, and a soft edge of more colours than a palette holds. */
function picture(width: number, height: number): Picture {
  const rgb = new Uint8Array(width * height * 3);
  for (let point = 0; point < width * height; point += 1) {
    const [x, y] = [point % width, Math.floor(point / width)];
    const colour =
      y < height / 2 ? [255, 255, 255] : y < height - 4 ? [247, 249, 250] : [x % 256, (x * 7) % 256, y];
    rgb.set(colour, point * 3);
  }
  return { width, height, rgb };
}

test('what was encoded is decoded: common colours exactly, rare ones nearly', () => {
  const made = picture(400, 60);
  const file = encodePng(made);
  const back = decodePng(file);
  assert.deepEqual([back.width, back.height], [400, 60]);
  assert.deepEqual([...back.rgb.subarray(0, 400 * 56 * 3)], [...made.rgb.subarray(0, 400 * 56 * 3)]);
  assert.equal(difference(made, made), 0);
  assert.ok(difference(made, back) < 0.07);
  assert.ok(file.length < made.rgb.length / 20);
  assert.deepEqual(encodePng(made), file, 'the same each time');
});

test('a picture that looks different is one, and one of another size is', () => {
  const made = picture(100, 20);
  const changed = { ...made, rgb: made.rgb.map((value, index) => (index < 1_500 ? 0 : value)) };
  assert.equal(difference(made, changed), 0.25);
  assert.equal(difference(made, picture(100, 21)), 1);
});

test('another kind of file is refused', () => {
  assert.throws(() => decodePng(Buffer.alloc(40)), /not read here/);
});
