import { linkErrors } from '@labwright/contract-hub/links';
import type { Mark } from './symbol-kinds.ts';

/** Millimetres. */
export interface LabelSize {
  width: number;
  height: number;
}

/** Where everything stands on a label, in millimetres from its upper left corner. */
export interface Layout {
  /** Width of one module. */
  module: number;
  symbol: { x: number; y: number; width: number; height: number };
  lines: { x: number; y: number; size: number; text: string }[];
}

const margin = 1;
/** Below that, phones and scanners begin to fail (7.5 mil). */
const smallestModule = 0.19;
/** Larger ones only take room. */
const largestModule = 1.2;
const smallestText = 1.2;
const largestText = 4;
/** Height of a line of text; width of a character of a typewriter's face, in heights. */
const lineHeight = 1.25;
const characterWidth = 0.62;

/**
 * A square symbol stands on the left with the text beside it, bars stand above it. A module is a whole number of `dot`s wide where one
 * is given, as printers draw them. Throws `label_too_small`.
 */
export function layOut(symbol: Mark, size: LabelSize, texts: readonly string[], dot?: number): Layout {
  const bars = symbol.rows === 1;
  const inner = { width: size.width - 2 * margin, height: size.height - 2 * margin };
  const widthOf = (module: number) => (symbol.columns + 2 * symbol.quiet) * module;
  const room = bars
    ? inner.width / (symbol.columns + 2 * symbol.quiet)
    : Math.min(
        inner.height / (symbol.rows + 2 * symbol.quiet),
        inner.width / (symbol.columns + 2 * symbol.quiet),
      );
  const module = whole(Math.min(room, bars ? 0.5 : largestModule), dot);
  if (module < smallestModule)
    throw linkErrors.problem(
      'label_too_small',
      `On a label of ${size.width} × ${size.height} mm the symbol would be too fine to be read: ${Math.ceil(widthOf(smallestModule) + 2 * margin)} mm in width${bars ? '' : ' and height'} are needed.`,
    );
  const quiet = symbol.quiet * module;
  if (bars) {
    const height = inner.height * 0.6;
    const width = symbol.columns * module;
    return {
      module,
      symbol: { x: (size.width - width) / 2, y: margin, width, height },
      lines: linesIn(
        { x: margin, y: margin + height + 0.5, width: inner.width, height: inner.height - height - 0.5 },
        texts,
      ),
    };
  }
  const side = symbol.columns * module;
  const x = margin + widthOf(module);
  return {
    module,
    symbol: {
      x: margin + quiet,
      y: (size.height - symbol.rows * module) / 2,
      width: side,
      height: symbol.rows * module,
    },
    lines: linesIn({ x, y: margin, width: size.width - margin - x, height: inner.height }, texts),
  };
}

const whole = (width: number, dot: number | undefined) =>
  dot === undefined ? width : Math.floor(width / dot + 1e-9) * dot;

/** As large as the longest line allows; lines that would be too small are cut, and those that find no room are left out. */
function linesIn(
  box: { x: number; y: number; width: number; height: number },
  texts: readonly string[],
): Layout['lines'] {
  const lines: Layout['lines'] = [];
  let y = box.y;
  for (const text of texts) {
    const wanted = box.width / (text.length * characterWidth);
    const size = Math.min(
      largestText,
      Math.max(smallestText, wanted),
      box.height / texts.length / lineHeight,
    );
    const most = Math.floor(box.width / (size * characterWidth));
    if (size < smallestText * 0.8 || most < 3 || y + size > box.y + box.height + 0.01) break;
    lines.push({
      x: box.x,
      y: y + size,
      size,
      text: text.length > most ? `${text.slice(0, most - 1)}…` : text,
    });
    y += size * lineHeight;
  }
  return lines;
}
