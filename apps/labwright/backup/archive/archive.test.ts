import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { DamagedArchive } from './damaged.ts';
import { removeAbandonedDrafts } from './drafts.ts';
import { checkArchive, readArchive } from './read-archive.ts';
import type { Part } from './tar.ts';
import { writeArchive } from './write-archive.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-archive-'));
});
after(() => rm(folder, { recursive: true, force: true }));

const parts: Part[] = [
  { name: 'first.json', data: Buffer.from('{}') },
  { name: 'a/empty', data: Buffer.alloc(0) },
  { name: 'a/block', data: randomBytes(512) },
  { name: `a/${'long'.repeat(24)}`, data: randomBytes(200_001) },
  { name: 'a/zeros', data: Buffer.alloc(3_000_000) },
];

async function written(name: string): Promise<string> {
  const file = join(folder, name);
  const archive = await writeArchive(file);
  for (const part of parts) await archive.add(part);
  assert.equal(await archive.finish(), (await stat(file)).size);
  return file;
}

async function readAll(file: string): Promise<Part[]> {
  const found: Part[] = [];
  for await (const part of readArchive(file)) found.push({ name: part.name, data: Buffer.from(part.data) });
  return found;
}

test('what was written is read, and only its owner may read it', async () => {
  const file = await written('whole');
  await checkArchive(file);
  assert.deepEqual(await readAll(file), parts);
  assert.equal((await stat(file)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ['whole']);
  await assert.rejects(writeArchive(file), /is there already/);
});

test('one byte that changed anywhere, or one that is missing, is seen', async () => {
  const file = await written('flipped');
  const good = await readFile(file);
  const random = seededRandom('flipped bytes');
  const ends = [
    ...Array.from({ length: 40 }, (_, at) => at),
    ...Array.from({ length: 64 }, (_, at) => good.length - 1 - at),
  ];
  const places = [...ends, ...Array.from({ length: 100 }, () => random.below(good.length))];
  for (const at of places) {
    const bad = Buffer.from(good);
    bad[at] = (bad[at] ?? 0) ^ (1 << random.below(8));
    await writeFile(file, bad);
    await assert.rejects(checkArchive(file), DamagedArchive, `byte ${at}`);
  }
  for (const length of [0, 1, 55, 56, 57, good.length - 1, random.below(good.length)]) {
    await writeFile(file, good.subarray(0, length));
    await assert.rejects(checkArchive(file), DamagedArchive, `cut to ${length}`);
  }
  await writeFile(file, Buffer.concat([good, Buffer.from('x')]));
  await assert.rejects(checkArchive(file), DamagedArchive, 'one more');
});

test('a part that does not fit its checksum is not handed on, whoever wrote the rest anew', async () => {
  const file = join(folder, 'forged');
  const archive = await writeArchive(file);
  const data = Buffer.from('as announced');
  // The checksum of a part is taken when its head is written, before its bytes.
  const adding = archive.add({ name: 'part', data });
  data.write('something', 0);
  await adding;
  await archive.finish();
  await checkArchive(file);
  await assert.rejects(readAll(file), DamagedArchive);
});

test('an archive that is given up leaves nothing', async () => {
  const before_ = await readdir(folder);
  const archive = await writeArchive(join(folder, 'given-up'));
  await archive.add({ name: 'part', data: randomBytes(1_000_000) });
  await archive.abandon();
  assert.deepEqual(await readdir(folder), before_);
});

test('a place where nothing can be written is named, and what to do', async () => {
  const file = join(folder, 'nowhere', 'lab.backup');
  await assert.rejects(writeArchive(file), ({ message }: Error) =>
    message.startsWith(`${file} cannot be written: name a file in a folder that is there`),
  );
});

test('any tar and zstd read it', async (t) => {
  if (spawnSync('zstd', ['--version']).status !== 0) {
    assert.notEqual(process.env.CI, 'true', 'zstd is missing: apt-get install zstd');
    return t.skip('there is no zstd');
  }
  const file = await written('by-others');
  const listed = spawnSync('sh', ['-c', `zstd -dc < ${file} | tar -t`], { encoding: 'utf8' });
  assert.deepEqual(
    listed.stdout.trim().split('\n'),
    parts.map(({ name }) => name),
  );
});

test('what a killed process left is removed; what is being written, or comes from another machine, stays', async () => {
  const place = await mkdtemp(join(folder, 'killed-'));
  const script = `import { writeArchive } from ${JSON.stringify(import.meta.resolve('./write-archive.ts'))};
    await writeArchive(${JSON.stringify(join(place, 'yesterday'))});
    process.kill(process.pid, 'SIGKILL');`;
  const killed = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  assert.equal(killed.signal, 'SIGKILL', killed.stderr);
  const [left = ''] = await readdir(place);
  assert.match(left, /^\.yesterday\..*\.unfinished$/);
  const elsewhere = left.replace(/[0-9a-f]{8}-/, '00000000-');
  await writeFile(join(place, elsewhere), '');
  const writing = await writeArchive(join(place, 'today'));
  assert.deepEqual(await removeAbandonedDrafts(place), [left]);
  const names = await readdir(place);
  assert.ok(names.includes(elsewhere) && names.some((name) => name.startsWith('.today.')), names.join());
  await writing.finish();
  assert.ok((await readdir(place)).includes('today'));
});
