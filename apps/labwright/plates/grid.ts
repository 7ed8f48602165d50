import type { ListedSample, PlateWithSamples } from '@labwright/contract-workflows';
import type { Terminal } from '../command-line/terminal.ts';
import { padEnd, padStart, plain, widthOf } from '../output/width.ts';

/** What stands in the wells. */
export const gridContents = ['type', 'barcode', 'volume'] as const;
export type GridContent = (typeof gridContents)[number];

type Format = Parameters<Terminal['style']>[0];
interface Cell {
  text: string;
  format?: Format;
}

const empty: Cell = { text: '·', format: 'dim' };
const formats: readonly Format[] = ['green', 'cyan', 'yellow', 'magenta', 'blue', 'red'];
/** Room for a barcode where nobody says how much there is. */
const usualBarcode = 12;

/** The wells as they lie, and what the signs in them mean. No line is wider than the terminal, as long as that has two columns a well. */
export function plateGrid(plate: PlateWithSamples, content: GridContent, terminal: Terminal): string {
  const { rows, columns } = plate;
  const kinds = kindsOf(plate.samples);
  const inWells = new Map(plate.samples.map((sample) => [sample.well, sample]));
  const left = rowName(rows - 1).length;
  const screen = terminal.stdout.columns ?? Infinity;
  const room = Math.max(1, Math.floor((screen - left) / columns) - 1);
  const cellOf = (row: number, column: number): Cell => {
    const sample = inWells.get(`${rowName(row)}${column + 1}`);
    return sample ? contentOf(sample, content, kinds) : empty;
  };
  const cells = Array.from({ length: rows }, (_, row) =>
    Array.from({ length: columns }, (__, column) => cellOf(row, column)),
  );
  const widest = Math.max(String(columns).length, ...cells.flat().map(({ text }) => widthOf(text)));
  const width = Math.min(room, widest);
  // Where there is no room for a gap, signs stand side by side.
  const gap = left + columns * (width + 1) <= screen ? ' ' : '';
  const lines = cells.map((line, row) =>
    [
      padEnd(rowName(row), left),
      ...line.map(({ text, format }) => {
        const shown = padStart(ending(text, width), width);
        return format ? terminal.style(format, shown) : shown;
      }),
    ].join(gap),
  );
  const heads = headLines(columns, width).map((line) =>
    terminal.style('bold', [' '.repeat(left), ...line].join(gap)),
  );
  return [...heads, ...lines, '', legend(plate, content, kinds, terminal)]
    .map((line) => `${line}\n`)
    .join('');
}

/** `A` to `Z`, then `AA`. */
function rowName(index: number): string {
  const letter = String.fromCharCode(65 + (index % 26));
  return index < 26 ? letter : rowName(Math.floor(index / 26) - 1) + letter;
}

/** The numbers of the columns; upright where they are wider than a well. */
function headLines(columns: number, width: number): string[][] {
  const digits = String(columns).length;
  const numbers = Array.from({ length: columns }, (_, index) => String(index + 1));
  if (digits <= width) return [numbers.map((number) => padStart(number, width))];
  return Array.from({ length: digits }, (_, place) =>
    numbers.map((number) => padStart(number.padStart(digits)[place] ?? ' ', width)),
  );
}

/** Barcodes differ at their ends. */
function ending(text: string, width: number): string {
  return widthOf(text) <= width ? text : width < 2 ? text.slice(-width) : `…${text.slice(1 - width)}`;
}

interface Kind {
  sign: string;
  format: Format;
  wells: number;
}

/** A sign for each type of sample: a letter of its name that no other has. */
function kindsOf(samples: readonly ListedSample[]): Map<string, Kind> {
  const kinds = new Map<string, Kind>();
  const taken = new Set<string>();
  for (const { sample_type: type } of samples) {
    const known = kinds.get(type);
    if (known) {
      known.wells += 1;
      continue;
    }
    const name = type.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
    const sign = [...name, ...name.toUpperCase(), ...spare].find((letter) => !taken.has(letter)) ?? '#';
    taken.add(sign);
    kinds.set(type, { sign, format: formats[kinds.size % formats.length] ?? 'green', wells: 1 });
  }
  return kinds;
}

const spare = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';

function contentOf(sample: ListedSample, content: GridContent, kinds: ReadonlyMap<string, Kind>): Cell {
  const kind = kinds.get(sample.sample_type);
  const format = kind ? { format: kind.format } : {};
  if (content === 'barcode') return { text: ending(plain(sample.barcode), usualBarcode), ...format };
  if (content === 'volume') return { text: volumeText(sample.volume_ul), ...format };
  return { text: kind?.sign ?? '#', ...format };
}

const volumeText = (volume: number | null) =>
  volume === null ? '?' : String(volume < 10 ? Number(volume.toFixed(1)) : Math.round(volume));

function legend(
  { rows, columns, samples }: PlateWithSamples,
  content: GridContent,
  kinds: ReadonlyMap<string, Kind>,
  { style }: Terminal,
): string {
  const signs = [...kinds].map(([type, { sign, format, wells }]) =>
    style(format, `${content === 'type' ? `${sign} ` : ''}${plain(type)} ${wells}`),
  );
  const free = style('dim', `· empty ${rows * columns - samples.length}`);
  const unit = content === 'volume' ? ['in µL, ? where it is not known'] : [];
  return [...signs, free, ...unit].join('   ');
}
