/** `npm run budget -w @labwright/web`: fails when the first load needs more script than it may. Reads what was built. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { measureFirstLoad } from './first-load.ts';
import { builtFolder } from './sources.ts';

/** Kilobytes of script, compressed with gzip, that a browser loads to show the laboratory. */
const allowedKb = 250;

const manifest = JSON.parse(await readFile(join(builtFolder, 'manifest.json'), 'utf8'));
const loaded = await measureFirstLoad(
  manifest,
  async (file) => gzipSync(await readFile(join(builtFolder, file)), { level: 9 }).byteLength,
);
const total = loaded.reduce((sum, { bytes }) => sum + bytes, 0) / 1_000;
for (const { file, bytes } of loaded.toSorted((a, b) => b.bytes - a.bytes))
  console.log(`${(bytes / 1_000).toFixed(1).padStart(8)} KB  ${file}`);
console.log(`${total.toFixed(1).padStart(8)} KB  the first load, of ${allowedKb} KB at most`);
if (total > allowedKb) {
  console.error(`✗ The first load is ${(total - allowedKb).toFixed(1)} KB of script too large.`);
  process.exitCode = 1;
}
