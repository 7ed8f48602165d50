import { spawn } from 'node:child_process';
import { createHash, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { startEmbeddedPostgres } from 'labwright/embedded-postgres';
import { lineOf } from './line.ts';

const workers = 25;
const crashProbability = 0.2;
const labwright = resolve(import.meta.dirname, '../../apps/labwright/main.ts');
const worker = resolve(import.meta.dirname, 'worker.ts');

const seed = process.env.SEED ?? String(randomInt(1_000_000));
process.stdout.write(`SEED=${seed}\n`);
const folder = await mkdtemp(join(tmpdir(), 'labwright-exclusive-workers-'));
const postgres = await startEmbeddedPostgres({ folder: join(folder, 'postgres') });
try {
  const file = join(folder, 'output.txt');
  await writeFile(file, '');
  const began = performance.now();
  const runs = await Promise.all(
    Array.from({ length: workers }, (_, index) => untilDone(String(index + 1), file)),
  );
  const seconds = ((performance.now() - began) / 1_000).toFixed(1);
  const crashes = runs.reduce((sum, count) => sum + count - 1, 0);

  const expected = Array.from({ length: workers }, (_, index) => lineOf(String(index + 1))).sort();
  const written = (await readFile(file, 'utf8'))
    .match(/[^\n]*\n?/g)
    ?.filter((line) => line !== '')
    .sort();
  const whole = JSON.stringify(written) === JSON.stringify(expected);
  process.stdout.write(
    whole
      ? `${workers} whole lines by ${workers} workers, ${crashes} crashes on the way, in ${seconds} s.\n`
      : `The file is not what it should be:\n${await readFile(file, 'utf8')}\n`,
  );
  process.exitCode = whole ? 0 : 1;
} finally {
  await postgres.stop();
  await rm(folder, { recursive: true, force: true });
}

/** Starts a worker again and again until it has written; answers how many times it took. */
async function untilDone(number: string, file: string): Promise<number> {
  for (let runs = 1; ; runs += 1) {
    const crash = fateOf(number, runs);
    const args = ['lock', 'run', '--key', 'client-42', '--wait', '2000s', '--url', postgres.url('postgres')];
    const child = spawn(
      process.execPath,
      [labwright, ...args, '--', process.execPath, worker, file, number, crash],
      { stdio: ['ignore', 'inherit', 'ignore'] },
    );
    const [code] = await once(child, 'exit');
    if (code === 0) return runs;
  }
}

/** How a run of a worker ends: the same for the same seed, whoever comes first. */
function fateOf(number: string, run: number): 'no' | 'kill' | 'throw' {
  const chance = createHash('sha256').update(`${seed} ${number} ${run}`).digest().readUInt32BE() / 2 ** 32;
  if (chance >= crashProbability) return 'no';
  return chance < crashProbability / 2 ? 'kill' : 'throw';
}
