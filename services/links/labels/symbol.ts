import { toBuffer, toSVG } from 'bwip-js/node';
import type { Mark, SymbolKind } from './symbol-kinds.ts';

const encoders = {
  qr: { options: { bcid: 'qrcode', eclevel: 'M' }, quiet: 4, unit: 2 },
  datamatrix: { options: { bcid: 'datamatrix' }, quiet: 1, unit: 2 },
  code128: { options: { bcid: 'code128', height: 10 }, quiet: 10, unit: 1 },
} as const;

const shape = /^<svg viewBox="0 0 ([\d.]+) ([\d.]+)"[^>]*>\n?(.*?)<\/svg>\s*$/s;

/** Takes milliseconds of processor time. */
export function makeSymbol(kind: SymbolKind, text: string): Mark {
  const { options, quiet, unit } = encoders[kind];
  const [, width, height, svg] = shape.exec(toSVG({ ...options, text, scale: 1 })) ?? [];
  if (svg === undefined) throw new Error('bwip-js answered an SVG of a form that is not known');
  return {
    svg: svg.trim(),
    viewBox: `0 0 ${width} ${height}`,
    columns: Number(width) / unit,
    rows: kind === 'code128' ? 1 : Number(height) / unit,
    quiet,
  };
}

/** A picture of the symbol with its quiet zone and a line of text below. A bar is `scale` pixels wide, a square module twice that. */
export function drawPng(
  kind: SymbolKind,
  text: string,
  { scale, caption }: { scale: number; caption: string },
): Promise<Buffer> {
  const { options, quiet, unit } = encoders[kind];
  return toBuffer({
    ...options,
    text,
    scale,
    includetext: true,
    alttext: caption,
    textxalign: 'center',
    // Downwards, out of the quiet zone.
    textyoffset: kind === 'code128' ? -2 : -quiet * unit,
    padding: quiet * unit,
    backgroundcolor: 'FFFFFF',
  });
}
