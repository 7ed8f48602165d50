import { createHash } from 'node:crypto';
import type { LabelSize } from './layout.ts';
import { svgOf } from './svg.ts';

/** A sheet of labels as it is sold, in millimetres. */
interface Sheet {
  paper: LabelSize;
  /** `@page size`. */
  name: string;
  columns: number;
  rows: number;
  label: LabelSize;
  /** Of the first label. */
  left: number;
  top: number;
  /** From one label to the next. */
  stepX: number;
  stepY: number;
}

const a4 = { width: 210, height: 297 };
const letter = { width: 215.9, height: 279.4 };

export const sheetNames = ['a4-24', 'a4-65', 'a4-189', 'letter-30'] as const;
export type SheetName = (typeof sheetNames)[number];

export const sheets: Record<SheetName, Sheet> = {
  /** 70 × 37 mm, edge to edge. */
  'a4-24': grid(a4, 'A4', [3, 8], { width: 70, height: 37 }, [0, 0.5], [70, 37]),
  /** 38.1 × 21.2 mm. */
  'a4-65': grid(a4, 'A4', [5, 13], { width: 38.1, height: 21.2 }, [4.75, 10.7], [40.6, 21.2]),
  /** 25.4 × 10 mm, for tubes. */
  'a4-189': grid(a4, 'A4', [7, 27], { width: 25.4, height: 10 }, [8.6, 13.5], [27.9, 10]),
  /** 2 5/8 × 1 inch. */
  'letter-30': grid(letter, 'letter', [3, 10], { width: 66.7, height: 25.4 }, [4.8, 12.7], [69.8, 25.4]),
};

function grid(
  paper: LabelSize,
  name: string,
  [columns, rows]: [number, number],
  label: LabelSize,
  [left, top]: [number, number],
  [stepX, stepY]: [number, number],
): Sheet {
  return { paper, name, columns, rows, label, left, top, stepX, stepY };
}

/** Where the labels stand, one after the other, beginning at a place of a sheet that was used before. */
export function places(sheet: Sheet, count: number, skip: number): { page: number; x: number; y: number }[] {
  const onOne = sheet.columns * sheet.rows;
  return Array.from({ length: count }, (_, index) => {
    const place = (index + skip) % onOne;
    return {
      page: Math.floor((index + skip) / onOne),
      x: sheet.left + (place % sheet.columns) * sheet.stepX,
      y: sheet.top + Math.floor(place / sheet.columns) * sheet.stepY,
    };
  });
}

const styleOf = (sheet: Sheet) =>
  `@page{size:${sheet.name};margin:0}html,body{margin:0}svg{display:block;break-after:page}svg svg{break-after:auto}`;

/** A page for browsers to print without margins and at 100 %: an SVG a sheet. `groups` belong to `places`. */
export function sheetsHtml(sheet: Sheet, pages: readonly string[]): { html: string; policy: string } {
  const style = styleOf(sheet);
  return {
    html: `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Labels</title><style>${style}</style></head><body>${pages
      .map((page) => svgOf(sheet.paper, page))
      .join('')}</body></html>\n`,
    policy: pagePolicy(style),
  };
}

/** Nothing but this style. */
export const pagePolicy = (style: string): string =>
  `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;
