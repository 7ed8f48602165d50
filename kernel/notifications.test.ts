import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { command } from './statement.ts';
import { createTestDatabase, eventually, type TestDatabase } from './testing/index.ts';

const tell = command('test.notifications.tell', 'SELECT pg_notify($1, $2)');
const cut = command(
  'test.notifications.cut',
  `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND query ILIKE 'LISTEN%' AND pid <> pg_backend_pid()`,
);

let database: TestDatabase;
before(async () => {
  database = await createTestDatabase([]);
});
after(() => database.drop());

test('each listener hears its channel, from the moment it listens', async () => {
  const heard: string[] = [];
  const ends = [
    await database.db.listen('one', { onMessage: (payload) => heard.push(`a ${payload}`) }),
    await database.db.listen('one', { onMessage: (payload) => heard.push(`b ${payload}`) }),
    await database.db.listen('Two', { onMessage: (payload) => heard.push(`c ${payload}`) }),
  ];
  await database.db.execute(tell, ['one', '1']);
  await database.db.execute(tell, ['Two', '2']);
  await eventually('all was heard', async () => (heard.length === 3 ? true : undefined));
  assert.deepEqual(heard, ['a 1', 'b 1', 'c 2']);
  ends[0]?.();
  await database.db.execute(tell, ['one', '3']);
  await eventually('the other one heard it', async () => (heard.length === 4 ? true : undefined));
  assert.equal(heard[3], 'b 3');
  for (const end of ends) end();
});

test('many listen at once over the one connection, and its driver is asked for one thing after the other', async () => {
  const warnings: string[] = [];
  const note = ({ message }: Error) => warnings.push(message);
  process.on('warning', note);
  const heard: string[] = [];
  const channels = ['first', 'second', 'third', 'fourth', 'fifth'];
  const ends = await Promise.all(
    channels.map((channel) => database.db.listen(channel, { onMessage: (payload) => heard.push(payload) })),
  );
  for (const channel of channels) await database.db.execute(tell, [channel, channel]);
  await eventually('all was heard', async () => (heard.length === 5 ? true : undefined));
  assert.deepEqual(heard, channels);
  // Warnings come in a later turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', note);
  assert.deepEqual(warnings, []);
  for (const end of ends) end();
});

test('a connection that is lost is made anew, and the gap is told', async () => {
  const heard: string[] = [];
  let gaps = 0;
  const end = await database.db.listen('three', {
    onMessage: (payload) => heard.push(payload),
    onGap: () => {
      gaps += 1;
    },
  });
  const before = gaps;
  await database.db.execute(cut);
  await eventually('the gap is told', async () => (gaps > before ? true : undefined));
  await database.db.execute(tell, ['three', 'again']);
  await eventually('it hears again', async () => (heard.length > 0 ? true : undefined));
  assert.deepEqual(heard, ['again']);
  end();
});
