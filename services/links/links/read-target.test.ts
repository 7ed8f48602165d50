import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seededRandom } from '@labwright/kernel/testing';
import { readHost, readTarget } from './read-target.ts';

const browserAt = 'https://lab.example:5000/s/abcdefg';

test('paths of the laboratory, and pages elsewhere, in the form that browsers give them', () => {
  const good: [string, string, string | null][] = [
    ['/', '/', null],
    ['/pages/sample/S-1?x=1#y', '/pages/sample/S-1?x=1#y', null],
    ['/a/../b', '/b', null],
    ['/pages/sample/ä', '/pages/sample/%C3%A4', null],
    ['/%2f/elsewhere.example', '/%2f/elsewhere.example', null],
    ['/\u200bx', '/%E2%80%8Bx', null],
    ['https://Elsewhere.Example/x', 'https://elsewhere.example/x', 'elsewhere.example'],
    ['http://elsewhere.example:8080', 'http://elsewhere.example:8080/', 'elsewhere.example:8080'],
    ['https://bücher.example/', 'https://xn--bcher-kva.example/', 'xn--bcher-kva.example'],
    ['http://2130706433/', 'http://127.0.0.1/', '127.0.0.1'],
  ];
  for (const [text, target, host] of good) assert.deepEqual(readTarget(text), { target, host }, text);
});

test('whatever would lead elsewhere unseen, or run, is refused', () => {
  const bad = [
    'javascript:alert(1)',
    'JaVaScRiPt:alert(1)',
    'java\tscript:alert(1)',
    ' javascript:alert(1)',
    '\u0001javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    'vbscript:x',
    'blob:https://lab.example/1',
    'file:///etc/passwd',
    'ftp://elsewhere.example/',
    'mailto:x@elsewhere.example',
    '//elsewhere.example/',
    '///elsewhere.example/',
    '/\\elsewhere.example',
    '\\\\elsewhere.example',
    '/\t/elsewhere.example',
    '/\n/elsewhere.example',
    '/.//elsewhere.example',
    '/x/..//elsewhere.example',
    '/%2e//elsewhere.example',
    'https:elsewhere.example',
    'https:/elsewhere.example',
    'https://allowed.example@elsewhere.example/',
    'https://user:password@allowed.example/',
    'http://',
    'elsewhere.example',
    'pages/sample/S-1',
    '?x',
    '#x',
    '',
    '/s/abcdefg',
    '/s',
    '/x/../s/abcdefg',
    '/a b',
    '/a\u00a0b',
    '/a\u2028b',
  ];
  for (const text of bad) assert.throws(() => readTarget(text), /^Error: must/, JSON.stringify(text));
});

test('whatever is accepted, a browser goes where it was said to go', () => {
  const random = seededRandom('targets');
  const parts = [
    ...[
      '/',
      '//',
      '\\',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      ':',
      '@',
      '?',
      '#',
      '\t',
      '\n',
      ' ',
      '\u00a0',
      '\u200b',
      'ä',
      '。',
    ],
    ...[
      'http',
      'https',
      'javascript',
      'data',
      'elsewhere.example',
      'allowed.example',
      ':80',
      ':443',
      's',
      'x',
      '[::1]',
    ],
  ];
  let accepted = 0;
  for (let turn = 0; turn < 40_000; turn += 1) {
    const length = 1 + random.below(7);
    const text = Array.from({ length }, () => parts[random.below(parts.length)]).join('');
    let read: ReturnType<typeof readTarget>;
    try {
      read = readTarget(text);
    } catch {
      continue;
    }
    accepted += 1;
    const followed = new URL(read.target, browserAt);
    const what = `${JSON.stringify(text)} SEED=${random.seed}`;
    assert.ok(['http:', 'https:'].includes(followed.protocol), what);
    assert.equal(followed.host, read.host ?? 'lab.example:5000', what);
    assert.ok(read.host !== null || !/^\/s(\/|$)/.test(followed.pathname), what);
    assert.deepEqual(readTarget(read.target), read, `${what}: what is written down reads the same`);
  }
  assert.ok(accepted > 500, `only ${accepted} were accepted`);
});

test('hosts are kept in one form', () => {
  assert.equal(readHost('Example.ORG'), 'example.org');
  assert.equal(readHost('example.org:443'), 'example.org');
  assert.equal(readHost('example.org:80'), 'example.org');
  assert.equal(readHost('example.org:8443'), 'example.org:8443');
  assert.equal(readHost('[::1]:90'), '[::1]:90');
  const long = Array.from({ length: 60 }, () => 'ü').join('.');
  assert.equal(readHost(long), undefined, 'it grows when it is written in ASCII');
  for (const bad of [
    '',
    'a b',
    'http://example.org',
    'example.org/x',
    'user@example.org',
    'x?y',
    'x#y',
    'x:y',
    '%',
    '\\x',
  ])
    assert.equal(readHost(bad), undefined, bad);
});
