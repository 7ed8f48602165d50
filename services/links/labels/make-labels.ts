import { setImmediate as breathe } from 'node:timers/promises';
import { type Link, linkErrors, type Subject } from '@labwright/contract-hub/links';
import type { LinksDeps } from '../deps.ts';
import { type LabelSize, layOut } from './layout.ts';
import { places, type SheetName, sheets, sheetsHtml } from './sheets.ts';
import { linksOfSubjects } from './subject-links.ts';
import { labelGroup, svgOf } from './svg.ts';
import type { Mark, SymbolKind } from './symbol-kinds.ts';
import { setBColumns, zpl } from './zpl.ts';

export interface LabelRequest {
  subjects: readonly Subject[];
  symbol: SymbolKind;
  /** Where people reach this service, without a slash at its end. */
  base: string;
}

/** One label that is to be made. */
interface Label {
  subject: Subject;
  link: Link;
  url: string;
  /** What the symbol holds. */
  data: string;
  /** What stands beside it. */
  texts: string[];
}

async function labelsOf(deps: LinksDeps, { subjects, symbol, base }: LabelRequest): Promise<Label[]> {
  const links = await linksOfSubjects(deps, subjects);
  return links.map((link, index) => {
    const subject = subjects[index] ?? { kind: 'sample', id: '' };
    const url = `${base}/s/${link.code}`;
    return {
      subject,
      link,
      url,
      data: symbol === 'qr' ? url : subject.id,
      texts: [subject.id, link.title ?? subject.kind, url.replace(/^https?:\/\//, '')],
    };
  });
}

/** What draws symbols is two megabytes of program: it is loaded for the first label, not for each start. */
const drawing = () => import('./symbol.ts');

/** Symbols cost milliseconds each: between two of them others have their turn. */
async function* drawn(labels: readonly Label[], kind: SymbolKind): AsyncGenerator<Label & { symbol: Mark }> {
  const { makeSymbol } = await drawing();
  for (const label of labels) {
    yield { ...label, symbol: makeSymbol(kind, label.data) };
    await breathe();
  }
}

/** One label as SVG, of this size. Throws `label_too_small`. */
export async function svgLabel(deps: LinksDeps, request: LabelRequest, size: LabelSize): Promise<string> {
  let svg = '';
  for await (const { symbol, texts } of drawn(await labelsOf(deps, request), request.symbol))
    svg += svgOf(size, labelGroup(symbol, layOut(symbol, size, texts)));
  return svg;
}

/** One symbol as PNG with the id below. */
export async function pngLabel(deps: LinksDeps, request: LabelRequest, scale: number): Promise<Buffer> {
  const [label] = await labelsOf(deps, request);
  if (!label) throw new Error('a subject without a link');
  const { drawPng } = await drawing();
  return drawPng(request.symbol, label.data, { scale, caption: label.subject.id });
}

/** Labels for a label printer, one after the other. Throws `label_too_small`. */
export async function zplLabels(
  deps: LinksDeps,
  request: LabelRequest,
  { size, dotsPerMm }: { size: LabelSize; dotsPerMm: number },
): Promise<string> {
  let all = '';
  for await (const { symbol, texts, data } of drawn(await labelsOf(deps, request), request.symbol)) {
    const printed = request.symbol === 'code128' ? { ...symbol, columns: setBColumns(data) } : symbol;
    const layout = layOut(printed, size, texts, 1 / dotsPerMm);
    all += zpl({ kind: request.symbol, data, layout, size, dotsPerMm });
  }
  return all;
}

/** Sheets of labels that a browser prints, and the policy under which it shows them. Throws `label_too_small`, `sheet_too_full`. */
export async function labelSheets(
  deps: LinksDeps,
  request: LabelRequest,
  { name, skip, mostSheets }: { name: SheetName; skip: number; mostSheets: number },
): Promise<{ html: string; policy: string }> {
  const sheet = sheets[name];
  const onOne = sheet.columns * sheet.rows;
  if (skip >= onOne || Math.ceil((request.subjects.length + skip) / onOne) > mostSheets)
    throw linkErrors.problem(
      'sheet_too_full',
      `A sheet ${name} has ${onOne} labels, and ${mostSheets} sheets are made at once: ${request.subjects.length} labels behind ${skip} empty places are too many.`,
    );
  const where = places(sheet, request.subjects.length, skip);
  const pages: string[] = [];
  let index = 0;
  for await (const { symbol, texts } of drawn(await labelsOf(deps, request), request.symbol)) {
    const place = where[index];
    index += 1;
    if (!place) continue;
    const group = labelGroup(symbol, layOut(symbol, sheet.label, texts), place);
    pages[place.page] = (pages[place.page] ?? '') + group;
  }
  return sheetsHtml(sheet, pages);
}
