import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { test } from 'node:test';
import { commandTable } from '../commands/index.ts';
import { helpPage } from './help.ts';
import { referencePage } from './reference.ts';
import { testTerminal } from './testing.ts';

test('docs/reference/command-line.md is what the table says', async () => {
  const file = resolve(import.meta.dirname, '../../../docs/reference/command-line.md');
  assert.equal(
    await readFile(file, 'utf8'),
    referencePage(commandTable),
    'Make it anew: npm run docs:command-line',
  );
});

test('a sentence has one end, in the reference and in the help of each command', () => {
  const pages = [
    referencePage(commandTable),
    ...[...commandTable.groups, ...commandTable.commands].map(({ name }) =>
      helpPage(commandTable, name, testTerminal()),
    ),
  ];
  for (const page of pages) assert.doesNotMatch(page, /[?!.]\.(\s|$)/);
});
