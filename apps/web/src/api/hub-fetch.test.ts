import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { hubFetch, patience } from './hub-fetch.ts';
import { ApiProblem } from './problem.ts';

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.reset());
const settle = () => new Promise(setImmediate);

/** A service that takes a request and says nothing more; or, with `headers`, begins to answer and stops. */
function hangs(headers?: HeadersInit) {
  return mock.method(globalThis, 'fetch', (_: Request, { signal }: RequestInit) => {
    const broken = new Promise<never>((_, reject) =>
      signal?.addEventListener('abort', () => reject(signal.reason)),
    );
    if (!headers) return broken;
    const body = new ReadableStream({ start: (stream) => void broken.catch((why) => stream.error(why)) });
    return Promise.resolve(new Response(body, { headers }));
  });
}

async function outcomeAfter(ms: number, init?: RequestInit): Promise<unknown> {
  let outcome: unknown = 'still waiting';
  void hubFetch(new Request('http://hub/devices', init)).catch((error) => {
    outcome = error;
  });
  await settle();
  mock.timers.tick(ms);
  await settle();
  return outcome;
}

test('a read that nobody answers ends, and is one that is tried again', async () => {
  hangs();
  assert.equal(await outcomeAfter(patience.read - 1), 'still waiting');
  const error = await outcomeAfter(patience.read);
  assert.ok(error instanceof ApiProblem);
  assert.deepEqual([error.code, error.status], ['not_answered', 0]);
  assert.doesNotMatch(error.message, /may or may not/);
});

test('an answer that begins and does not end is none', async () => {
  hangs({ 'content-type': 'application/json' });
  const error = await outcomeAfter(patience.read);
  assert.ok(error instanceof ApiProblem);
  assert.equal(error.code, 'not_answered');
});

test('a change has longer, and may have been done', async () => {
  hangs();
  assert.equal(await outcomeAfter(patience.read, { method: 'POST' }), 'still waiting');
  const error = await outcomeAfter(patience.change, { method: 'POST' });
  assert.ok(error instanceof ApiProblem);
  assert.match(error.message, /may or may not have been done: look before you do it again/);
});

test('who leaves the page ends the request, and that is no fault of the laboratory', async () => {
  hangs();
  const leaving = new AbortController();
  const request = hubFetch(new Request('http://hub/devices', { signal: leaving.signal }));
  leaving.abort();
  await assert.rejects(request, { name: 'AbortError' });
});

test('an answer is passed on as it is, and nothing waits after it', async () => {
  mock.method(globalThis, 'fetch', async () => Response.json({ ok: true }, { status: 201 }));
  const response = await hubFetch(new Request('http://hub/devices'));
  assert.deepEqual([response.status, await response.json()], [201, { ok: true }]);
});
