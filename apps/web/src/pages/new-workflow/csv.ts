/** The barcodes of a file: its column `barcode`, or its first one where no column is named so. Each once. */
export function barcodesOf(text: string): string[] {
  const rows = text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(/[,;\t]/).map((cell) => cell.trim().replace(/^"(.*)"$/, '$1')));
  const column = rows[0]?.findIndex((cell) => cell.toLowerCase() === 'barcode') ?? -1;
  const body = column === -1 ? rows : rows.slice(1);
  return [...new Set(body.map((row) => row[Math.max(0, column)] ?? '').filter((cell) => cell !== ''))];
}
