import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { QueryClient, QueryObserver } from '@tanstack/react-query';
import type { LiveEvent } from './connection.ts';
import { keptLive, refreshOnEvents } from './refresh.ts';

/** Queries that are looked at, and a connection whose events the test sends. */
function laboratory() {
  const queries = new QueryClient({ defaultOptions: { queries: { staleTime: Number.POSITIVE_INFINITY } } });
  const asked: string[] = [];
  let tell: (event: LiveEvent) => void = () => {};
  let miss: (room: string) => void = () => {};
  const stop = refreshOnEvents(queries, {
    watch: (room, handler) => {
      assert.equal(room, 'lab', 'everything comes through this one room');
      tell = handler;
      return () => {};
    },
    onStale: (listener) => {
      miss = listener;
      return () => {};
    },
  });
  const look = (name: string, ...rooms: string[]) => {
    const options = { queryKey: [name], queryFn: async () => asked.push(name) };
    return new QueryObserver(queries, keptLive(options, ...rooms)).subscribe(() => {});
  };
  return {
    queries,
    asked,
    look,
    stop,
    tell: (data: unknown) => tell({ room: 'lab', type: 'x', data }),
    miss: () => miss('lab'),
  };
}

const settle = async () => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

test('an event asks again for what it is about, once for many, and for nothing else', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { asked, look, stop, tell } = laboratory();
  const ends = [
    look('a', 'device:a'),
    look('b', 'device:b'),
    look('run', 'run:r'),
    look('all', 'lab'),
    look('still'),
  ];
  mock.timers.tick(1);
  await settle();
  asked.length = 0;
  for (let event = 0; event < 100; event += 1) tell({ device_id: 'a', workflow_id: 'r' });
  mock.timers.tick(1_000);
  await settle();
  assert.deepEqual(asked.toSorted(), ['a', 'all', 'run']);
  for (const end of ends) end();
  stop();
  mock.timers.reset();
});

test('after a lost connection everything that is live is asked again', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { asked, look, stop, miss } = laboratory();
  const ends = [look('a', 'device:a'), look('run', 'run:r'), look('still')];
  mock.timers.tick(1);
  await settle();
  asked.length = 0;
  miss();
  mock.timers.tick(1_000);
  await settle();
  assert.deepEqual(asked.toSorted(), ['a', 'run']);
  for (const end of ends) end();
  stop();
  mock.timers.reset();
});

test('after a lost connection what was asked for in vain is asked again, live or not', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { queries, stop, miss } = laboratory();
  let answers = false;
  const options = {
    queryKey: ['in vain'],
    retry: false,
    queryFn: async () => (answers ? 'there' : Promise.reject(new Error('nobody answers'))),
  };
  const end = new QueryObserver(queries, options).subscribe(() => {});
  mock.timers.tick(1);
  await settle();
  assert.equal(queries.getQueryState(['in vain'])?.status, 'error');
  answers = true;
  miss();
  mock.timers.tick(1_000);
  await settle();
  assert.equal(queries.getQueryData(['in vain']), 'there');
  end();
  stop();
  mock.timers.reset();
});
