import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { goOnPlacing, placeParts, refuseUnfinished } from './place-parts.ts';

const names = ['postgres', 'files', 'secret-key'] as const;

async function home(t: { after(work: () => Promise<void>): void }) {
  const folder = await mkdtemp(join(tmpdir(), 'labwright-place-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, '.restoring'));
  for (const name of names) {
    writeFileSync(join(folder, name), `old ${name}`);
    writeFileSync(join(folder, '.restoring', name), `new ${name}`);
  }
  return {
    folder,
    plan: {
      backup: 'b1',
      aside: join(folder, 'replaced'),
      parts: names.map((name) => ({ staged: join(folder, '.restoring', name), target: join(folder, name) })),
    },
  };
}

const assertPlaced = (folder: string) => {
  for (const name of names) {
    assert.equal(readFileSync(join(folder, name), 'utf8'), `new ${name}`);
    assert.equal(readFileSync(join(folder, 'replaced', name), 'utf8'), `old ${name}`);
  }
  refuseUnfinished(folder);
};

test('every part takes its place, and what was there lies aside', async (t) => {
  const { folder, plan } = await home(t);
  await placeParts(folder, plan);
  assertPlaced(folder);
  assert.equal(await goOnPlacing(folder), undefined);
});

test('interrupted after any step, nothing starts there, and the next restore goes on', async (t) => {
  for (let steps = 0; steps <= 2 * names.length; steps += 1) {
    const { folder, plan } = await home(t);
    // As a process leaves it that was killed after so many renames.
    writeFileSync(join(folder, 'restore-unfinished.json'), JSON.stringify(plan));
    for (let step = 0; step < steps; step += 1) {
      const part = plan.parts[Math.floor(step / 2)];
      assert.ok(part);
      if (step % 2 === 1) renameSync(part.staged, part.target);
      else {
        mkdirSync(plan.aside, { recursive: true });
        renameSync(part.target, join(plan.aside, names[step / 2] ?? ''));
      }
    }
    assert.throws(() => refuseUnfinished(folder), /was interrupted.*labwright restore/);
    assert.equal(await goOnPlacing(folder), 'b1');
    assertPlaced(folder);
    assert.ok(!existsSync(join(folder, 'restore-unfinished.json')));
  }
});
