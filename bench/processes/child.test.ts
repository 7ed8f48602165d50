import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inScope, type Scope } from '../scope.ts';
import { startChild } from './child.ts';

const echo = (scope: Scope, signal = new AbortController().signal) =>
  startChild<{ say: string; afterMs: number }>(
    { laboratory: { production: {} }, scope, signal },
    { program: 'bench/processes/testing/echo.ts' },
  );

test('each order has its own answer, in whatever order they come', async () => {
  await inScope(async (scope) => {
    const child = await echo(scope);
    const slow = child.ask<string>({ say: 'slow', afterMs: 200 });
    assert.equal(await child.ask<string>({ say: 'quick', afterMs: 0 }), 'quick');
    assert.equal(await slow, 'slow');
    await assert.rejects(child.ask({ say: 'fail', afterMs: 0 }), /as it was told/);
  });
});

test('what waits for a process that ends is told, and so is who asks later', async () => {
  await inScope(async (scope) => {
    const child = await echo(scope);
    const waits = child.ask({ say: 'never', afterMs: 100_000 });
    const ends = child.ask({ say: 'end', afterMs: 0 });
    await assert.rejects(waits, /ended by itself \(3\)/);
    await assert.rejects(ends, /ended by itself/);
    await assert.rejects(child.ask({ say: 'quick', afterMs: 0 }), /ended by itself/);
  });
});

test('a scenario that is given up waits for nothing, and its process ends with it', async () => {
  const stop = new AbortController();
  const pid = await inScope(async (scope) => {
    const child = await echo(scope, stop.signal);
    const waits = child.ask({ say: 'never', afterMs: 100_000 });
    stop.abort(new Error('enough'));
    await assert.rejects(waits, /enough/);
    return child.pid;
  });
  assert.throws(() => process.kill(pid, 0), { code: 'ESRCH' });
});
