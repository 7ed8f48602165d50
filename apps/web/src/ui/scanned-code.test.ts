import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readScanned, readTarget } from './scanned-code.ts';

test('a bar code is its text; a label is what it leads to', () => {
  assert.deepEqual(readScanned(' SAMPLE001\r\n'), { kind: 'plain', text: 'SAMPLE001' });
  assert.deepEqual(readScanned('http://lab.example:5000/s/aB3dE5f'), { kind: 'short', code: 'aB3dE5f' });
  assert.deepEqual(readScanned('https://lab.example/pages/device/reader-1'), {
    kind: 'subject',
    subject: 'device',
    id: 'reader-1',
  });
  assert.deepEqual(readTarget('/pages/sample/A%2F1'), { kind: 'subject', subject: 'sample', id: 'A/1' });
  assert.equal(readTarget('/pages/person/ada'), undefined);
  assert.equal(readScanned('https://elsewhere.example/x/s/aB3dE5f').kind, 'plain');
});
