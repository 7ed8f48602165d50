import type { LabelSize, Layout } from './layout.ts';
import type { Mark } from './symbol-kinds.ts';

const mm = (value: number) => String(Math.round(value * 1_000) / 1_000);

export const escapeXml = (text: string) =>
  text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);

/** One label as part of an SVG whose unit is the millimetre. */
export function labelGroup(symbol: Mark, layout: Layout, at = { x: 0, y: 0 }): string {
  const { x, y, width, height } = layout.symbol;
  const lines = layout.lines.map(
    (line) =>
      `<text x="${mm(at.x + line.x)}" y="${mm(at.y + line.y)}" font-family="monospace" font-size="${mm(line.size)}">${escapeXml(line.text)}</text>`,
  );
  return (
    `<svg x="${mm(at.x + x)}" y="${mm(at.y + y)}" width="${mm(width)}" height="${mm(height)}" viewBox="${symbol.viewBox}" ` +
    `preserveAspectRatio="none" shape-rendering="crispEdges">${symbol.svg}</svg>${lines.join('')}`
  );
}

/** An SVG of this size in millimetres, white. */
export const svgOf = ({ width, height }: LabelSize, content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" width="${mm(width)}mm" height="${mm(height)}mm" viewBox="0 0 ${mm(width)} ${mm(height)}">` +
  `<rect width="100%" height="100%" fill="#fff"/>${content}</svg>\n`;
