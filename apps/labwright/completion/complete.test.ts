import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commandTable } from '../commands/index.ts';
import { complete, type Source } from './complete.ts';

const asked: unknown[] = [];
const source: Source = async (kind, typed) => {
  asked.push([kind, [...typed]]);
  return kind === 'device'
    ? ['liquid-handler-1', 'incubator-1'].map((word) => ({ word, says: 'available' }))
    : [{ word: '4711', says: 'running' }];
};

async function offered(...typed: string[]): Promise<string[]> {
  const { words, files } = await complete(commandTable, typed, source);
  return [...words.map(({ word }) => word), ...(files ? [':files'] : [])];
}

test('commands, and the commands behind them', async () => {
  assert.deepEqual(await offered('sta'), ['status']);
  assert.ok((await offered('')).includes('workflow') && (await offered('')).includes('help'));
  assert.deepEqual(await offered('workflow', 'st'), ['start', 'step']);
  assert.deepEqual(await offered('audit', ''), ['verify', 'head']);
  assert.deepEqual(await offered('help', 'workflow', 'st'), ['start', 'step']);
  assert.deepEqual(await offered('nonsense', ''), []);
});

test('options before the command do not stand in the way', async () => {
  assert.ok((await offered('--')).includes('--url'));
  assert.deepEqual(await offered('--url', 'http://x', 'sta'), ['status']);
  assert.deepEqual(await offered('--url', ''), []);
  assert.deepEqual(await offered('--json', 'book', 'liq'), ['liquid-handler-1']);
});

test('what is for shells is not offered to people', async () => {
  assert.deepEqual(await offered('comple'), ['completion']);
  assert.deepEqual(await offered('refer'), []);
});

test('ids of devices and workflows, where one belongs', async () => {
  assert.deepEqual(await offered('book', 'liq'), ['liquid-handler-1']);
  assert.deepEqual(await offered('book', 'liquid-handler-1', ''), ['4711']);
  assert.deepEqual(await offered('book', 'liquid-handler-1', '4711', ''), []);
  assert.deepEqual(await offered('workflow', 'list', '--device', 'inc'), ['incubator-1']);
  assert.deepEqual(await offered('workflow', 'list', '--device=inc'), ['--device=incubator-1']);
  assert.deepEqual(await offered('workflow', 'start', '--queue', '47'), ['4711']);
  asked.length = 0;
  await offered('devices', 'abort', '--url', 'http://there', '');
  assert.deepEqual(asked, [['device', ['devices', 'abort', '--url', 'http://there']]]);
});

test('a command that has others behind it offers both', async () => {
  const words = await offered('devices', '');
  assert.ok(words.includes('incubator-1') && words.includes('maintenance'));
  assert.deepEqual(await offered('devices', 'incubator-1', ''), []);
});

test('options, each once unless it may be repeated, and what they take', async () => {
  assert.deepEqual(await offered('workflow', 'start', '4711', '--pr'), ['--priority']);
  assert.deepEqual(await offered('workflow', 'start', '4711', '--priority', 'u'), ['urgent']);
  assert.deepEqual(await offered('workflow', 'start', '4711', '--priority', 'urgent', '--pr'), []);
  assert.deepEqual(await offered('workflow', 'create', '--step', 'incubate', '--st'), ['--step', '--start']);
  assert.deepEqual(await offered('logs', '-o', ''), [':files']);
  assert.deepEqual(await offered('samples', 'import', ''), [':files']);
  assert.deepEqual(await offered('completion', ''), ['bash', 'zsh', 'fish']);
  assert.deepEqual(await offered('lock', 'run', '--key', 'a', '--', 'ca'), [':files']);
});
