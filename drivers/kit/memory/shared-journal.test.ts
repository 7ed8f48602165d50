import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { type TestContext, test } from 'node:test';
import { journalMemory } from './journal.ts';

const program = new URL('../testing/journal-writer.ts', import.meta.url).pathname;

interface Writer {
  child: ChildProcess;
  lines: string[];
  /** The exit code, or the signal that ended it. */
  ended: Promise<number | string | null>;
  /** Resolves when it has printed that many lines. */
  printed(count: number): Promise<void>;
}

function startWriter(t: TestContext, ...args: string[]): Writer {
  const child = spawn(process.execPath, [program, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  t.after(() => child.kill('SIGKILL'));
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const watcher of watchers) watcher();
  });
  return {
    child,
    lines,
    ended: new Promise((resolve) => child.on('close', (code, signal) => resolve(code ?? signal))),
    printed: (count) =>
      new Promise((resolve) => {
        const watcher = () => {
          if (lines.length < count) return;
          watchers.delete(watcher);
          resolve();
        };
        watchers.add(watcher);
        watcher();
      }),
  };
}

async function sharedFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'labwright-shared-'));
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

test('processes that race for the same commands move each once, one at a time', {
  timeout: 60_000,
}, async (t) => {
  const folder = await sharedFolder(t);
  const rounds = 40;
  const writers = ['x', 'y', 'z'].map((name) => startWriter(t, folder, 'commands', name, String(rounds)));
  for (const writer of writers) assert.equal(await writer.ended, 0);
  const moved = writers.flatMap(({ lines }) => lines);
  assert.equal(moved.length, rounds);
  assert.equal(new Set(moved).size, rounds);
  assert.deepEqual(await readdir(folder), ['shared.jsonl']);
});

test('no token is lost when processes are killed, whatever they were doing', {
  timeout: 60_000,
}, async (t) => {
  const folder = await sharedFolder(t);
  const survivor = startWriter(t, folder, 'tokens', 'survivor', '150');
  const safe: number[] = [];
  for (let round = 1; round <= 4; round += 1) {
    const victim = startWriter(t, folder, 'tokens', `victim-${round}`, '100000');
    await victim.printed(10 * round + 3);
    victim.child.kill('SIGKILL');
    assert.equal(await victim.ended, 'SIGKILL');
    safe.push(...victim.lines.map(Number));
  }
  assert.equal(await survivor.ended, 0);
  safe.push(...survivor.lines.map(Number));
  const journal = await journalMemory({ folder, device_id: 'shared', takeoverMs: 50 });
  t.after(() => journal.close());
  // A token may have been safe a moment before its process could print it.
  assert.ok((await journal.read()).highestToken >= Math.max(...safe));
});
