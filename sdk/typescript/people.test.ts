/** What the hub has: files by policy, tasks, chat, notifications, audit, and what is told live. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';
import { type CuttingProxy, openCuttingProxy } from './testing/cutting-proxy.ts';
import { type ClientLab, openClientLab } from './testing/lab.ts';

let lab: ClientLab;
let proxy: CuttingProxy;
before(async () => {
  lab = await openClientLab();
  proxy = await openCuttingProxy(lab.urls.hub);
});
after(async () => {
  await proxy.close();
  await lab.close();
});

test('a file goes by its policy, comes back byte by byte, and its results are read; a lost answer costs nothing', async () => {
  const { files } = lab.clientVia({ hub: proxy.url });
  proxy.fate = ({ times }) => (times === 1 ? 'after' : 'pass');
  const data = 'well,absorbance_450\nA1,0.71\nA2,0.82\n';
  const file = await files.upload({
    name: 'reading.csv',
    content_type: 'text/csv',
    data,
    plate_id: 'P-1',
    results: 'none',
  });
  assert.equal(file.status, 'ready');
  assert.equal(await (await files.download(file.id)).text(), data);
  assert.match(await files.link(file.id), /^http/);
  const kept = await files.list({ plate_id: 'P-1' }).toArray();
  assert.deepEqual(
    kept.map(({ id }) => id),
    [file.id],
  );
  assert.ok(proxy.seen.filter(({ path }) => path === '/uploads').length >= 2);
  assert.equal((await files.usage()).bytes, file.size);
  proxy.fate = () => 'pass';
  assert.equal((await files.remove(file.id)).status, 'deleted');
});

test('a large file goes in pieces, and on from where it was', async () => {
  const { files } = lab.clientVia({ hub: proxy.url });
  let cuts = 0;
  proxy.fate = ({ method, path }) => {
    if (method !== 'PATCH' || !path.startsWith('/uploads/resumable/') || cuts >= 3) return 'pass';
    cuts += 1;
    return cuts === 2 ? 'before' : 'after';
  };
  const data = randomBytes(20 * 1024 * 1024);
  const progress: number[] = [];
  const file = await files.upload(
    {
      name: 'image.bin',
      content_type: 'application/octet-stream',
      data: new Uint8Array(data),
      results: 'none',
    },
    { onProgress: (sent) => void progress.push(sent) },
  );
  proxy.fate = () => 'pass';
  assert.equal(file.status, 'ready');
  assert.equal(cuts, 3);
  assert.equal(progress.at(-1), data.length);
  assert.deepEqual(
    progress,
    [...progress].sort((a, b) => a - b),
  );
  assert.ok(data.equals(await (await files.download(file.id)).bytes()));
});

test('a file that is not what it says is refused', async () => {
  const refused = lab.client.files.upload({
    name: 'plate.png',
    content_type: 'image/png',
    data: 'no picture',
  });
  await assert.rejects(refused, { code: 'file_rejected' });
  const other = lab.client.files.upload({
    name: 'x.exe',
    content_type: 'application/x-executable',
    data: 'x',
  });
  await assert.rejects(other, { code: 'content_type_not_allowed' });
});

test('a task from its making to its end', async () => {
  const { tasks } = lab.client;
  const task = await tasks.create({
    title: 'Seal the plate',
    fields: [{ type: 'yes_no', name: 'sealed', label: 'Is it sealed?' }],
  });
  assert.equal((await tasks.claim(task.id)).status, 'in_progress');
  await tasks.comment(task.id, 'A *clear* seal.');
  const done = await tasks.complete(task.id, { values: { sealed: true } });
  assert.deepEqual([done.status, done.values], ['completed', { sealed: true }]);
  const kinds = (await tasks.history(task.id).toArray()).map(({ kind }) => kind);
  for (const kind of ['created', 'claimed', 'commented', 'completed'] as const)
    assert.ok(kinds.includes(kind));
  const open = await tasks.list({ status: 'completed' }).toArray();
  assert.ok(open.some(({ id }) => id === task.id));
});

test('talk: every change in order, from any change on', async () => {
  const { chat } = lab.client;
  const first = await chat.post('lab', 'Good morning');
  const second = await chat.post('lab', 'Is the centrifuge free?');
  await chat.edit('lab', first.id, 'Good evening');
  await chat.remove('lab', second.id);
  const seen: [string, string | null][] = [];
  for await (const { id, text, deleted_at } of chat.changes('lab'))
    seen.push([id, deleted_at === null ? text : null]);
  assert.deepEqual(seen, [
    [first.id, 'Good evening'],
    [second.id, null],
  ]);
  const rest: string[] = [];
  for await (const { id } of chat.changes('lab', second.change)) rest.push(id);
  assert.deepEqual(rest, [first.id, second.id]);
  assert.equal((await chat.messages('lab').firstPage()).rows.length >= 1, true);
  assert.ok((await chat.rooms().toArray()).some(({ room }) => room === 'lab'));
});

test('what was done is in the trail of each service', async () => {
  const device = await lab.addDevice();
  const [entry] = await lab.client.audit.list('device-service', { subject: `device:${device}` }).toArray(1);
  assert.equal(entry?.subject, `device:${device}`);
  for (const service of ['device-service', 'workflow-service', 'hub-service'] as const)
    assert.ok((await lab.client.audit.head(service)).head);
});

test('what happens in a room right now is told; a room that there is not is refused', async () => {
  const left = new AbortController();
  const live = lab.client.live(['user:local'], { signal: left.signal });
  assert.deepEqual((await live.next()).value, { kind: 'stale', room: 'user:local' });
  const subscription = await lab.client.notifications.subscribe({ channel: 'in_app' });
  await lab.client.call('hub-service', 'POST', '/announcements', { body: { title: 'The water is off' } });
  const { value } = await live.next();
  assert.ok(value?.kind === 'event');
  assert.equal(value.room, 'user:local');
  const [notification] = await lab.client.notifications.list().toArray(1);
  assert.equal(notification?.title, 'The water is off');
  const unread = await lab.client.notifications.unread();
  assert.ok(unread >= 1);
  assert.equal(await lab.client.notifications.markRead(notification.id), unread - 1);
  await lab.client.notifications.unsubscribe(subscription.id);
  left.abort(new Error('nobody looks'));
  await assert.rejects(live.next(), /nobody looks/);

  const refused = lab.client.live(['cellar']);
  await assert.rejects(refused.next(), { name: 'LabwrightError', status: 400 });
});
