import assert from 'node:assert/strict';
import { test } from 'node:test';
import { spawnScript } from './testing/index.ts';

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
