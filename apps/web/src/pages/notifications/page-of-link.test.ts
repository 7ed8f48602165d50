import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pageOfLink } from './page-of-link.ts';

test('a notification leads to the page of what it is about, and nowhere else', () => {
  assert.deepEqual(pageOfLink('/tasks/7'), { to: '/tasks/7', search: {} });
  assert.deepEqual(pageOfLink('/chat/rooms/run:w-1/messages/9'), {
    to: '/chat',
    search: { room: 'run:w-1' },
  });
  assert.deepEqual(pageOfLink('/devices/reader-1'), { to: '/', search: { q: 'reader-1' } });
  assert.equal(pageOfLink('https://elsewhere.example/tasks/7'), undefined);
  assert.equal(pageOfLink('//elsewhere.example'), undefined);
  assert.equal(pageOfLink(null), undefined);
});
