import { extname } from 'node:path';

/** What the endings of names say of their content, as far as a laboratory takes it. */
const types = new Map([
  ['.csv', 'text/csv'],
  ['.gz', 'application/gzip'],
  ['.jpeg', 'image/jpeg'],
  ['.jpg', 'image/jpeg'],
  ['.json', 'application/json'],
  ['.log', 'text/plain'],
  ['.pdf', 'application/pdf'],
  ['.png', 'image/png'],
  ['.tif', 'image/tiff'],
  ['.tiff', 'image/tiff'],
  ['.tsv', 'text/tab-separated-values'],
  ['.txt', 'text/plain'],
  ['.xls', 'application/vnd.ms-excel'],
  ['.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['.xml', 'application/xml'],
  ['.zip', 'application/zip'],
]);

export const contentTypes: readonly string[] = [
  ...new Set(types.values()),
  'application/octet-stream',
].toSorted();

export const typeOfName = (name: string): string =>
  types.get(extname(name).toLowerCase()) ?? 'application/octet-stream';
