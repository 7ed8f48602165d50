import assert from 'node:assert/strict';
import { appendFile, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { isDriverError } from '../errors.ts';
import { type JournalOptions, journalMemory } from './journal.ts';
import type { CommandRecord, Entry } from './ledger.ts';
import type { CommandMemory } from './memory.ts';

const memoryFailed = (error: unknown) => isDriverError(error, 'memory_failed');

async function journalFolder(t: TestContext): Promise<{
  folder: string;
  path: string;
  connect(options?: Partial<JournalOptions>): Promise<CommandMemory>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'labwright-journal-'));
  const opened: CommandMemory[] = [];
  t.after(async () => {
    await Promise.allSettled(opened.map((memory) => memory.close()));
    await rm(folder, { recursive: true });
  });
  return {
    folder,
    path: join(folder, 'd1.jsonl'),
    connect: async (options = {}) => {
      const memory = await journalMemory({ folder, device_id: 'd1', ...options });
      opened.push(memory);
      return memory;
    },
  };
}

function accept(execution_id: string, fencing_token = 1): Entry & { kind: 'accept'; record: CommandRecord } {
  const record = {
    execution_id,
    digest: 'd',
    operation: 'o',
    parameters: {},
    accepted_at: 5,
    detail: { run: 3 },
  };
  return { kind: 'accept', record: { ...record, fencing_token } };
}

function end(execution_id: string): Entry {
  return { kind: 'end', execution_id, end: { status: 'succeeded', result: { of: execution_id } } };
}

test('a command is on record for whoever opens the journal next', async (t) => {
  const { connect } = await journalFolder(t);
  const first = await connect();
  assert.equal(await first.append(accept('a', 4)), 'accepted');
  const second = await connect();
  assert.deepEqual((await second.read()).find('a'), accept('a', 4).record);
  assert.equal((await second.read()).highestToken, 4);
  assert.equal(await second.append(end('a')), 'noted');
  assert.deepEqual((await first.read()).find('a')?.end, { status: 'succeeded', result: { of: 'a' } });
});

test('of two ends the first counts', async (t) => {
  const { connect } = await journalFolder(t);
  const memory = await connect();
  await memory.append(accept('a'));
  await memory.append(end('a'));
  assert.equal(
    await memory.append({ kind: 'end', execution_id: 'a', end: { status: 'unknown', reason: '' } }),
    'ignored',
  );
  assert.equal((await memory.read()).find('a')?.end?.status, 'succeeded');
});

test('a line torn by a crash is no command, and does not harm the next line', async (t) => {
  const { connect, path } = await journalFolder(t);
  const memory = await connect();
  await memory.append(accept('a'));
  await memory.append(end('a'));
  const size = (await stat(path)).size;
  await memory.append(accept('b', 9));
  const whole = await readFile(path);
  // Every length that a crash could have left of the last line.
  for (let length = size; length < whole.length; length += 1) {
    await memory.close();
    await writeFile(path, whole.subarray(0, length));
    const next = await connect();
    assert.equal((await next.read()).find('b'), undefined);
    assert.equal((await next.read()).highestToken, 1);
    if (length % 40 === 0) {
      assert.equal(await next.append(accept('c', 2)), 'accepted');
      assert.equal((await (await connect()).read()).running?.execution_id, 'c');
    }
    await next.close();
  }
  await writeFile(path, whole);
  assert.equal((await (await connect()).read()).running?.execution_id, 'b');
});

test('a journal with a line that is not ours is not opened', async (t) => {
  const { connect, path } = await journalFolder(t);
  const memory = await connect();
  await memory.append(accept('a'));
  const good = await readFile(path);
  for (const line of [
    '{"nonce":"1","entry":{"kind":"later"}}',
    '5',
    '{}',
    '{"nonce":"1","entry":{"kind":"accept"}}',
  ]) {
    await writeFile(path, good);
    await appendFile(path, `\n${line}`);
    await assert.rejects(connect(), memoryFailed);
  }
});

test('a journal that is deleted while in use accepts nothing more', async (t) => {
  const { connect, path } = await journalFolder(t);
  const memory = await connect();
  await memory.append(accept('a'));
  await rm(path);
  await assert.rejects(memory.append(end('a')), memoryFailed);
  await assert.rejects(memory.read(), memoryFailed);
});

test('a journal keeps a bounded size, and still knows the ids that it has forgotten', async (t) => {
  const { connect, path, folder } = await journalFolder(t);
  const memory = await connect({ capacity: 10 });
  let largest = 0;
  for (let at = 0; at < 200; at += 1) {
    assert.equal(await memory.append(accept(`id-${at}`, at)), 'accepted');
    assert.equal(await memory.append(end(`id-${at}`)), 'noted');
    largest = Math.max(largest, (await stat(path)).size);
  }
  assert.ok(largest < 20_000, `${largest} bytes`);
  const ledger = await (await connect()).read();
  assert.equal(ledger.highestToken, 199);
  assert.equal(ledger.find('id-199')?.end?.status, 'succeeded');
  assert.equal(ledger.find('id-3'), undefined);
  assert.ok(ledger.forgot('id-3'));
  assert.ok(!ledger.forgot('id-200'));
  assert.equal(await memory.append(accept('id-3', 500)), 'forgotten');
  assert.deepEqual(await readdir(folder), ['d1.jsonl']);
});

test('a running command outlives a compaction', async (t) => {
  const { connect } = await journalFolder(t);
  const memory = await connect({ capacity: 2 });
  await memory.append(accept('a'));
  for (let token = 2; token < 60; token += 1) await memory.append({ kind: 'token', fencing_token: token });
  assert.equal((await memory.read()).running?.execution_id, 'a');
  assert.deepEqual((await (await connect()).read()).running, accept('a').record);
});

test('a journal whose process died while it compacted is taken over', async (t) => {
  const { connect, path, folder } = await journalFolder(t);
  const memory = await connect({ takeoverMs: 10 });
  await memory.append(accept('a', 3));
  const draft = 'd1.jsonl.dead.draft';
  await writeFile(join(folder, draft), '');
  await appendFile(path, `\n${JSON.stringify({ nonce: 'x', entry: { kind: 'seal', draft } })}`);
  // What a slow process adds behind the seal does not count.
  await appendFile(path, `\n${JSON.stringify({ nonce: 'y', entry: accept('late', 9) })}`);
  assert.equal(await memory.append(end('a')), 'noted');
  const ledger = await (await connect()).read();
  assert.equal(ledger.find('a')?.end?.status, 'succeeded');
  assert.equal(ledger.find('late'), undefined);
  assert.equal(ledger.highestToken, 3);
  assert.deepEqual(await readdir(folder), ['d1.jsonl']);
});

test('drafts that nobody will rename are removed after an hour', async (t) => {
  const { connect, folder } = await journalFolder(t);
  const [old, recent] = [join(folder, 'd1.jsonl.old.draft'), join(folder, 'd1.jsonl.new.draft')];
  await writeFile(old, '');
  await writeFile(recent, '');
  await utimes(old, 1, 1);
  await connect();
  assert.deepEqual((await readdir(folder)).sort(), ['d1.jsonl', 'd1.jsonl.new.draft']);
});

test('any device id makes a file name inside the folder', async (t) => {
  const { connect, folder } = await journalFolder(t);
  for (const device_id of ['../up', 'a/b', '..', 'µ 1']) await connect({ device_id });
  const names = (await readdir(folder)).sort();
  assert.deepEqual(names, ['%C2%B5%201.jsonl', '..%2Fup.jsonl', '...jsonl', 'a%2Fb.jsonl']);
  await assert.rejects(connect({ device_id: '' }), memoryFailed);
  await assert.rejects(connect({ device_id: 'x'.repeat(201) }), memoryFailed);
});
