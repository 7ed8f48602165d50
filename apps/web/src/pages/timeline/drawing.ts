import { type Bar, eachVisible, type Row, type View } from './bars.ts';

export const rowHeight = 36;
const barHeight = 22;
/** What is shorter is drawn so wide all the same: nothing vanishes. */
const narrowest = 2;

export interface Rect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly bar: Bar;
}

/**
 * What has to be painted: of bars that would lie on the same pixels only the first, for each kind. So a picture never takes more than a few
 * rectangles for each pixel of a row, however many bars there are.
 */
export function rectsOf(rows: readonly Row[], view: View, width: number): Rect[] {
  const rects: Rect[] = [];
  const end = view.from + width * view.msPerPixel;
  rows.forEach((row, index) => {
    const paintedTo = new Map<Bar['kind'], number>();
    eachVisible(row, view.from, end, (bar) => {
      const left = (bar.from - view.from) / view.msPerPixel;
      const right = Math.max(left + narrowest, (bar.to - view.from) / view.msPerPixel);
      if (right <= (paintedTo.get(bar.kind) ?? Number.NEGATIVE_INFINITY)) return;
      paintedTo.set(bar.kind, Math.ceil(right));
      const x = Math.max(-4, left);
      rects.push({
        x,
        y: index * rowHeight + (rowHeight - barHeight) / 2,
        width: Math.min(width + 8, right) - x,
        height: barHeight,
        bar,
      });
    });
  });
  return rects;
}

export interface Palette {
  readonly kinds: Readonly<Record<Bar['kind'], { fill: string; line: string; text: string }>>;
  readonly grid: string;
  readonly stripe: string;
  readonly now: string;
  readonly text: string;
  readonly chosen: string;
}

const light: Palette = {
  kinds: {
    succeeded: { fill: '#8fd3a3', line: '#2b8a3e', text: '#10381b' },
    failed: { fill: '#f3a6a6', line: '#c92a2a', text: '#4d0f0f' },
    unknown: { fill: '#ffd28a', line: '#b35f00', text: '#4a2b00' },
    running: { fill: '#6cc7dd', line: '#0b7285', text: '#06323b' },
    held: { fill: '#d8f0f6', line: '#4d9fb3', text: '#0b4a5a' },
    expected: { fill: '#eeeefc', line: '#6f6fc7', text: '#2f2e75' },
  },
  grid: '#e3e8ec',
  stripe: '#f6f8f9',
  now: '#c2255c',
  text: '#55606b',
  chosen: '#111418',
};

const dark: Palette = {
  kinds: {
    succeeded: { fill: '#2f7a44', line: '#69db7c', text: '#eafbee' },
    failed: { fill: '#8f2f32', line: '#ff8787', text: '#fff0f0' },
    unknown: { fill: '#7d5514', line: '#ffc078', text: '#fff4e6' },
    running: { fill: '#0f6f83', line: '#66d9e8', text: '#e3fafc' },
    held: { fill: '#143c47', line: '#3b9fb3', text: '#c5f6fa' },
    expected: { fill: '#2a2c52', line: '#8f92e8', text: '#dfe0ff' },
  },
  grid: '#2d353c',
  stripe: '#191f24',
  now: '#f783ac',
  text: '#aab4bd',
  chosen: '#ffffff',
};

export const paletteOf = (scheme: 'light' | 'dark'): Palette => (scheme === 'dark' ? dark : light);

/** Paints one picture: the grid, the bars kind by kind, and what is chosen above them. */
export function paint(
  context: CanvasRenderingContext2D,
  options: {
    rows: readonly Row[];
    view: View;
    width: number;
    ticks: readonly { at: number }[];
    now: number;
    chosen: string | undefined;
    palette: Palette;
  },
): void {
  const { rows, view, width, palette } = options;
  const height = rows.length * rowHeight;
  const xOf = (time: number) => (time - view.from) / view.msPerPixel;
  context.clearRect(0, 0, width, height);
  context.fillStyle = palette.stripe;
  for (let row = 1; row < rows.length; row += 2) context.fillRect(0, row * rowHeight, width, rowHeight);
  context.fillStyle = palette.grid;
  for (const { at } of options.ticks) context.fillRect(Math.round(xOf(at)), 0, 1, height);

  const rects = rectsOf(rows, view, width);
  const byKind = Map.groupBy(rects, ({ bar }) => bar.kind);
  for (const [kind, group] of byKind) {
    const { fill, line } = palette.kinds[kind];
    context.fillStyle = fill;
    for (const { x, y, width: w, height: h } of group) context.fillRect(x, y, w, h);
    // The line says the kind without the colour: below what went well, above and below what did not, around what is to come.
    context.fillStyle = line;
    for (const { x, y, width: w, height: h } of group) {
      context.fillRect(x, y + h - 2, w, 2);
      if (kind !== 'succeeded') context.fillRect(x, y, w, 2);
      if (kind === 'held' || kind === 'expected') {
        context.fillRect(x, y, 1, h);
        context.fillRect(x + w - 1, y, 1, h);
      }
    }
  }

  context.font = '12px system-ui, sans-serif';
  context.textBaseline = 'middle';
  for (const { x, y, width: w, height: h, bar } of rects) {
    if (w < 56) continue;
    const left = Math.max(x, 0) + 6;
    const room = x + w - left - 6;
    if (room < 44) continue;
    context.save();
    context.beginPath();
    context.rect(left, y, room, h);
    context.clip();
    context.fillStyle = palette.kinds[bar.kind].text;
    context.fillText(bar.title, left, y + h / 2 + 0.5);
    context.restore();
  }

  const chosen = rects.find(({ bar }) => bar.id === options.chosen);
  if (chosen) {
    context.strokeStyle = palette.chosen;
    context.lineWidth = 2;
    context.strokeRect(chosen.x - 2, chosen.y - 2, chosen.width + 4, chosen.height + 4);
  }
  context.fillStyle = palette.now;
  context.fillRect(Math.round(xOf(options.now)) - 1, 0, 2, height);
}
