import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reachErrors } from '@labwright/contract-devices';
import { manualClock } from '@labwright/kernel/clock';
import { createLog } from '@labwright/kernel/log';
import { backgroundLoop } from './background.ts';

const away = () => reachErrors.problem('device_service_unreachable', 'It is away.');

test('rests longer and longer while its work fails, and says it once', async () => {
  const clock = manualClock();
  const lines: string[] = [];
  const log = createLog({ service: 'test' }, { write: (line: string) => lines.push(line) });
  let calls = 0;
  let broken = true;
  let done = () => {};
  const loop = backgroundLoop(
    { clock, log },
    {
      name: 'test',
      idleMs: 1,
      work: async () => {
        calls += 1;
        if (broken) throw away();
        done();
      },
    },
  );
  await loop.start();
  for (const [call, rest] of [250, 500, 1_000, 2_000, 4_000, 5_000, 5_000].entries()) {
    await clock.sleepers(1);
    assert.equal(calls, call + 1);
    // Being poked does not cut the rest short.
    loop.poke();
    await clock.advance(rest - 1);
    assert.equal(calls, call + 1);
    if (call === 6) broken = false;
    const worked = new Promise<void>((resolve) => {
      done = resolve;
    });
    await clock.advance(1);
    if (!broken) await worked;
  }
  await loop.stop();
  assert.deepEqual(
    lines.map((line) => JSON.parse(line).msg),
    ['It is away.', 'a loop works again'],
  );
});

test('stops in the middle of a rest', async () => {
  const clock = manualClock();
  const log = createLog({ service: 'test', level: 'silent' });
  const loop = backgroundLoop(
    { clock, log },
    { name: 'test', idleMs: 1, work: () => Promise.reject(away()) },
  );
  await loop.start();
  await clock.sleepers(1);
  await loop.stop();
});
