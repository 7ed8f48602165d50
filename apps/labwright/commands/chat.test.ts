/** Talk in rooms at the terminal, against the services of a whole laboratory. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { ChatMessage, RoomRow } from '@labwright/contract-hub/chat';
import { eventually } from '@labwright/kernel/testing';
import { followRoom } from '../chat/follow.ts';
import { testTerminal } from '../command-line/testing.ts';
import { openLab as reachLab } from '../lab/open-lab.ts';
import { openLab, sayWho, type TestLab } from '../security/testing/lab.ts';
import { commandLine, placesOf } from './testing.ts';

let lab: TestLab;
let env: Record<string, string>;

before(async () => {
  lab = await openLab({ identity: sayWho });
  env = { ...placesOf(lab), LABWRIGHT_TOKEN: 'scientist', NO_COLOR: '1' };
});
after(() => lab.close());

const { run, ok, asJson } = commandLine(() => env);
const time = '\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d';

test('chat: said, read oldest first, the rooms, and what is no room', async () => {
  assert.match((await run('chat')).told, /Nobody has said anything yet/);
  assert.match(
    await ok("chat send device:incubator-1 the 'plate is' ready"),
    new RegExp(`^${time} the scientist: the plate is ready\n$`),
  );
  await ok('chat send device:incubator-1 -', { input: 'two\nlines \u001b[2J\n' });
  assert.match(
    await ok('chat device:incubator-1'),
    new RegExp(
      `^${time} the scientist: the plate is ready\n${time} the scientist: two\n {2}lines \ufffd\\[2J\n$`,
    ),
  );
  const last = await asJson<ChatMessage[]>('chat device:incubator-1 -n 1');
  assert.deepEqual(
    last.map(({ seq }) => seq),
    [2],
  );
  const rooms = await asJson<RoomRow[]>('chat');
  assert.deepEqual(
    rooms.map(({ room, last_seq }) => [room, last_seq]),
    [['device:incubator-1', 2]],
  );
  assert.match(await ok('chat'), /^room +messages +last change\ndevice:incubator-1 +2 +\d+ s ago\n$/);
  assert.match((await run('chat run:4711')).told, /Nobody has said anything in run:4711 yet/);
  for (const args of ['chat kitchen', 'chat -f', "chat send lab ' '", 'chat send lab'])
    assert.equal((await run(args)).code, 2, args);
  assert.equal((await run('chat send lab x --token viewer')).code, 5);
});

test('a long message is broken between words on a terminal, and its further lines are set in', async () => {
  await ok(`chat send device:sealer-1 '${'word '.repeat(40).trim()}'`);
  const lines = (await ok('chat device:sealer-1', { columns: 60 })).trimEnd().split('\n');
  assert.ok(lines.length > 3 && lines.every((line) => line.length <= 60));
  assert.ok(lines.slice(1).every((line) => line.startsWith('  word')));
});

test('chat -f: the newest ones, then each change once; what is older stays out, also where it is edited', async () => {
  const { hub } = reachLab({}, env);
  const path = '/chat/rooms/lab/messages';
  const say = (text: string) => hub.send<ChatMessage>('POST', path, { body: { text } });
  const old = await say('long ago');
  const near = await say('just now');
  const asText = testTerminal({ env: { NO_COLOR: '1' } });
  const asObjects = testTerminal();
  const ending = new AbortController();
  const options = { room: 'lab', found: [old, near], shown: 1, signal: ending.signal };
  const following = [
    followRoom(hub, { ...options, asJson: false }, asText),
    followRoom(hub, { ...options, asJson: true }, asObjects),
  ];
  const fresh = await say('and now');
  await hub.send('PATCH', `${path}/${old.id}`, { body: { text: 'long, long ago' } });
  await hub.send('PATCH', `${path}/${near.id}`, { body: { text: 'right now' } });
  const both = [asText, asObjects];
  await eventually('what was said and edited is told', async () =>
    both.every((one) => one.said().includes('and now') && one.said().includes('right now'))
      ? true
      : undefined,
  );
  await hub.send('DELETE', `${path}/${fresh.id}`);
  await eventually('what was deleted is told', async () =>
    asText.said().includes('(deleted)') && asObjects.said().split('\n').length > 4 ? true : undefined,
  );
  ending.abort();
  assert.deepEqual(await Promise.all(following), [0, 0]);
  const who = `${time} the scientist`;
  assert.match(
    asText.said(),
    new RegExp(
      `^${who}: just now\n${who}: and now\n${who} \\(edited\\): right now\n${who} \\(deleted\\):\n$`,
    ),
  );
  const told = asObjects
    .said()
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ChatMessage);
  assert.deepEqual(
    told.map(({ id, deleted_at }) => [id, deleted_at !== null]),
    [
      [near.id, false],
      [fresh.id, false],
      [near.id, false],
      [fresh.id, true],
    ],
  );
  assert.equal(asText.told(), '');
});

test('chat -f where one may not read, or nobody answers, ends with a sentence', async () => {
  assert.equal((await run('chat lab -f', { env: { LABWRIGHT_TOKEN: 'nobody,' } })).code, 5);
  assert.equal((await run('chat lab -f --url http://127.0.0.1:1')).code, 4);
});

test('Tab knows the rooms, and those of devices and runs once their kind is typed', async () => {
  assert.match(await ok("complete -- chat ''"), /^lab\t[\s\S]*^device:\t[\s\S]*^run:\t/m);
  assert.match(await ok('complete -- chat device:inc'), /^device:incubator-1\t/m);
  assert.equal(
    await ok('complete -- chat send device:thermo'),
    'device:thermocycler-1\tavailable, Thermocycler 1\n',
  );
});
