/** Samples and plates at the terminal, against the services of a whole laboratory. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { Plate, PlateWithSamples, Sample } from '@labwright/contract-workflows';
import { openLab, type TestLab } from '../security/testing/lab.ts';
import { commandLine, placesOf } from './testing.ts';

let lab: TestLab;
let env: Record<string, string>;
let folder: string;

before(async () => {
  lab = await openLab();
  env = { ...placesOf(lab), NO_COLOR: '1' };
  folder = await mkdtemp(join(tmpdir(), 'labwright-samples-'));
});
after(async () => {
  await lab.close();
  await rm(folder, { recursive: true, force: true });
});

const { run, ok, asJson } = commandLine(() => env);

test('samples: a good file, bad rows by their line, the good ones of those', async () => {
  const good = join(folder, 'good.csv');
  await writeFile(
    good,
    'barcode,sample_type,plate_id,well\nCLI-1,blood,CLI-PLATE,A1\nCLI-2,blood,CLI-PLATE,A2\n',
  );
  assert.match(await ok(`samples import ${good} --create-plates`), /^2 samples imported\./);
  const bad = 'barcode,sample_type\nCLI-3,blood\nCLI-1,blood\nCLI-4,"B!"\n';
  const refused = await run('samples import -', { input: bad });
  assert.equal(refused.code, 1);
  assert.match(
    refused.said,
    /line +column +what is wrong\n +3 +barcode[\s\S]*\n +4 +sample_type[\s\S]*Nothing was imported\. 2 bad rows/,
  );
  assert.match(refused.told, /--partial/);
  const partial = await run('samples import - --partial --json', { input: bad });
  assert.equal(partial.code, 1);
  const answer = JSON.parse(partial.said) as {
    imported: number;
    rejected: number;
    faults: { line: number }[];
  };
  assert.deepEqual([answer.imported, answer.rejected, answer.faults.map(({ line }) => line)], [1, 2, [3, 4]]);
  assert.equal((await run(`samples import ${join(folder, 'none.csv')}`)).code, 2);
});

test('a large file shows how far it is', async () => {
  const rows = Array.from({ length: 40_000 }, (_, index) => `LARGE-${index},blood,,,${index}`);
  const file = join(folder, 'large.csv');
  await writeFile(file, `barcode,sample_type,plate_id,well,volume_ul\n${rows.join('\n')}\n`);
  const { code, told, said } = await run(`samples import ${file}`);
  assert.equal(code, 0, told);
  assert.match(told, /of 1\.\d MB sent[\s\S]*1\.\d MB of 1\.\d MB sent\nThe rows are being checked/);
  assert.match(said, /^40,000 samples imported\./);
});

test('samples: searched by barcode, by type and by plate; one with what is known of it', async () => {
  const barcodes = async (args: string) =>
    (await asJson<Sample[]>(`samples ${args}`)).map(({ barcode }) => barcode);
  assert.deepEqual(await barcodes('--barcode CLI-'), ['CLI-1', 'CLI-2', 'CLI-3']);
  assert.deepEqual(await barcodes('--plate CLI-PLATE'), ['CLI-1', 'CLI-2']);
  assert.deepEqual(await barcodes('--type nothing-like-it'), []);
  assert.match(
    await ok('samples --barcode CLI-1'),
    /^barcode +type +plate +well +µL +added\nCLI-1 +blood +CLI-PLATE +A1 +– +\d+ \w+ ago\n$/,
  );
  assert.match((await run('samples -n 1')).told, /There are more: -n 5, or --all/);
  await ok("workflow create --name 'Uses it' --device incubator-1 --step incubate --sample CLI-1");
  const text = await ok('samples show CLI-1');
  assert.match(text, /^stands +on plate CLI-PLATE, well A1$/m);
  assert.match(
    text,
    /^workflow +status +device +created +name\n[0-9a-f-]{36} +created +incubator-1 .*Uses it\n$/m,
  );
  const missing = await run('samples show NOBODY');
  assert.equal(missing.code, 6);
  assert.match(missing.told, /labwright samples --barcode BEGINNING/);
  assert.match(await ok('complete -- samples show CLI-'), /^CLI-1\tblood, CLI-PLATE A1$/m);
});

test('plates: listed, and shown as they lie there', async () => {
  assert.ok((await asJson<Plate[]>('plates --all')).some(({ id }) => id === 'CLI-PLATE'));
  assert.match(await ok('plates --all'), /^plate +wells +made +name\n[\s\S]*^CLI-PLATE +8 × 12 /m);
  const good = join(folder, 'more.csv');
  await writeFile(
    good,
    'barcode,sample_type,plate_id,well,volume_ul\nCLI-00000000017,bone,CLI-PLATE,H12,7.25\nCLI-6,saliva,CLI-PLATE,B2,120.4\n',
  );
  await ok(`samples import ${good}`);
  const lines = (await ok('plates show CLI-PLATE', { columns: 80 })).split('\n');
  assert.deepEqual(lines.slice(0, 4), [
    'CLI-PLATE, 8 × 12',
    '',
    '   1  2  3  4  5  6  7  8  9 10 11 12',
    'A  b  b  ·  ·  ·  ·  ·  ·  ·  ·  ·  ·',
  ]);
  assert.match(lines[10] ?? '', /^H( {2}·){11} {2}o$/);
  assert.equal(lines[12], 'b blood 2   s saliva 1   o bone 1   · empty 92');
  assert.match(await ok('plates show CLI-PLATE --wells volume'), /^B +· +120 [\s\S]*^H .* 7\.3$/m);
  const narrow = await ok('plates show CLI-PLATE --wells barcode', { columns: 80 });
  assert.match(narrow, /^A CLI-1 CLI-2 /m);
  assert.match(narrow, /^H .* …0017$/m);
  assert.ok(narrow.split('\n').every((line) => line.length <= 80));
  assert.equal((await asJson<PlateWithSamples>('plates show CLI-PLATE')).samples.length, 4);
  assert.equal((await run('plates show CLI-PLATE --wells colour')).code, 2);
  const missing = await run('plates show NONE');
  assert.equal(missing.code, 6);
  assert.match(missing.told, /labwright plates lists the plates/);
});
