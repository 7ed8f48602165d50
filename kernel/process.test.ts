import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, spawnScript } from './testing/index.ts';

test('a process of which a part never stops ends when its time is over, and says what it waited for', async () => {
  const stuck = spawnScript(import.meta.resolve('./testing/stuck-process.ts'), { STOP_SECONDS: '1' });
  await stuck.wrote(/it runs/);
  stuck.child.kill('SIGTERM');
  assert.equal(await stuck.ended, 1);
  assert.match(
    stuck.output(),
    /stuck-service has not ended within 1 s \(STOP_SECONDS\), and still waits for: inner › stuck\. It is ended now/,
  );
});

test('a time to stop that is none is refused at the start', async () => {
  const wrong = spawnScript(import.meta.resolve('./testing/stuck-process.ts'), { STOP_SECONDS: 'soon' });
  assert.equal(await wrong.ended, 2);
  assert.match(wrong.output(), /STOP_SECONDS/);
});

const slow = () => spawnScript(import.meta.resolve('./testing/slow-process.ts'), { STOP_SECONDS: '60' });

test('asked to end while it starts, a process stops as soon as it has, and leaves nothing behind', async () => {
  const starting = slow();
  await starting.wrote(/it starts/);
  starting.child.kill('SIGTERM');
  await starting.wrote(/asked to end while it starts/);
  starting.child.kill('SIGUSR2');
  assert.equal(await starting.ended, 0);
  assert.match(starting.output(), /it runs\n[\s\S]*it has stopped/);
});

test('asked twice while it starts, it ends at once', async () => {
  const starting = slow();
  await starting.wrote(/it starts/);
  await eventually('the second signal counts', async () => {
    starting.child.kill('SIGTERM');
    return /it ends at once/.test(starting.output()) || undefined;
  });
  assert.equal(await starting.ended, 143);
});

test('a start that never ends is over when the time to stop is', async () => {
  const starting = spawnScript(import.meta.resolve('./testing/slow-process.ts'), { STOP_SECONDS: '1' });
  await starting.wrote(/it starts/);
  starting.child.kill('SIGINT');
  assert.equal(await starting.ended, 1);
  assert.match(starting.output(), /within 1 s \(STOP_SECONDS\), and still waits for: its own start\./);
});
