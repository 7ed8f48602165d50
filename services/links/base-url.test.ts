import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback } from './base-url.ts';

test('an address that only its own machine can open is told from one for phones', () => {
  const own = [
    'http://localhost:5000',
    'http://127.0.0.1',
    'http://127.1.2.3:80',
    'http://[::1]:5000',
    'http://lab.localhost',
    'http://0.0.0.0:5000',
  ];
  const open = [
    'http://192.168.1.20:5000',
    'https://lab.example.org',
    'http://localhost.example.org',
    'http://127.example.org',
    'http://[fd00::1]:5000',
  ];
  assert.deepEqual(own.filter(isLoopback), own);
  assert.deepEqual(open.filter(isLoopback), []);
});
