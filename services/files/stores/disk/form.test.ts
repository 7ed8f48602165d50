import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { eventually } from '@labwright/kernel/testing';
import { type Bench, openBench } from '../../testing/bench.ts';
import { diskStore } from './index.ts';

const bytes = Buffer.from('well,value\nA1,1\nA2,2\n');

describe('forms on the disk', () => {
  let home = '';
  let bench: Bench;
  before(async () => {
    home = await mkdtemp(join(tmpdir(), 'labwright-forms-'));
    bench = await openBench((given) =>
      diskStore({ ...given, folder: home, limits: { idleMs: 1_500, totalMs: 5_000, inHand: 3 } }),
    );
  });
  after(async () => {
    await bench.close();
    await rm(home, { recursive: true, force: true });
  });

  const refusal = async (answer: Response) => {
    const body = (await answer.json()) as { code: string; status: number };
    assert.equal(answer.headers.get('content-type'), 'application/problem+json');
    assert.equal(answer.status, body.status);
    return body.code;
  };
  const nothingLeft = (id: string) =>
    eventually(`nothing is left of ${id}`, async () =>
      (await readdir(join(home, 'incoming'))).some((name) => name.startsWith(id)) ? undefined : true,
    );

  test('each refusal has its code, and nothing is left over', async () => {
    const cases: [code: string, change: Record<string, string | null>, sent?: Buffer][] = [
      ['size_mismatch', {}, bytes.subarray(1)],
      ['size_mismatch', {}, Buffer.concat([bytes, bytes])],
      ['checksum_mismatch', {}, Buffer.from(bytes).fill('7')],
      ['policy_violated', { 'Content-Type': 'text/html' }],
      ['policy_violated', { key: '../../etc/passwd' }],
      ['policy_violated', { 'x-amz-meta-more': 'more' }],
      ['invalid_policy', { 'x-amz-signature': null }],
      ['invalid_policy', { policy: 'e30=' }],
      ['invalid_policy', { 'x-amz-credential': 'eve/20250101/local/s3/aws4_request' }],
    ];
    for (const [code, change, sent = bytes] of cases) {
      const { file, upload } = await bench.upload(bytes);
      assert.equal(await refusal(await bench.send(upload, sent, change)), code, JSON.stringify(change));
      await nothingLeft(file.id);
    }
  });

  test('of many that send with one policy at once, one is taken', async () => {
    const { file, upload } = await bench.upload(bytes);
    const answers = await Promise.all([1, 2, 3].map(() => bench.send(upload, bytes)));
    const statuses = answers.map(({ status }) => status).sort();
    assert.deepEqual(statuses, [201, 409, 409]);
    for (const answer of answers.filter(({ status }) => status === 409))
      assert.equal(await refusal(answer), 'upload_used');
    assert.equal((await bench.settled(file.id)).status, 'ready');
    assert.equal(await refusal(await bench.send(upload, bytes)), 'upload_used');
  });

  test('a time that is over, an upload that was withdrawn, and one that nobody asked for', async () => {
    const late = await bench.upload(bytes);
    bench.clock.shift(300_001);
    assert.equal(await refusal(await bench.send(late.upload, bytes)), 'upload_expired');
    bench.clock.shift(-300_001);
    const withdrawn = await bench.upload(bytes);
    assert.equal((await bench.ask('DELETE', `/files/${withdrawn.file.id}`)).body.status, 'expired');
    assert.equal(await refusal(await bench.send(withdrawn.upload, bytes)), 'upload_expired');
    const forgotten = await bench.upload(bytes);
    await bench.db.raw(`DELETE FROM files WHERE id = '${forgotten.file.id}'`);
    assert.equal(await refusal(await bench.send(forgotten.upload, bytes)), 'file_not_found');
  });

  test('what is no form, or no whole one, is refused', async () => {
    const post = (body: string, type: string) =>
      fetch(`${bench.url}/uploads/form`, { method: 'POST', headers: { 'content-type': type }, body });
    const multipart = 'multipart/form-data; boundary=x';
    assert.equal(await refusal(await post('{}', 'application/json')), 'unsupported_media_type');
    assert.equal(await refusal(await post('a', 'multipart/form-data')), 'upload_unreadable');
    assert.equal(await refusal(await post('--x--\r\n', multipart)), 'upload_unreadable');
    assert.equal(
      await refusal(
        await post('--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\nabc', multipart),
      ),
      'invalid_policy',
    );
    const field = (name: string, value: string) =>
      `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
    assert.equal(
      await refusal(await post(`${field('key', 'a'.repeat(20_000))}--x--\r\n`, multipart)),
      'upload_unreadable',
    );
    const many = Array.from({ length: 50 }, (_, n) => field(`f${n}`, 'v')).join('');
    assert.equal(await refusal(await post(`${many}--x--\r\n`, multipart)), 'upload_unreadable');
    assert.equal(
      await refusal(await post(`${field('__proto__', 'v')}${field('constructor', 'v')}--x--\r\n`, multipart)),
      'upload_unreadable',
    );
  });

  test('a sender that stalls is answered and cut off; one that is cut off leaves nothing; both may come again', async () => {
    for (const how of ['stall', 'hang up'] as const) {
      const { file, upload } = await bench.upload(bytes);
      const socket = await sendHalf(upload.fields);
      await eventually('the half is on the disk', async () =>
        (await readdir(join(home, 'incoming'))).some((name) => name.startsWith(file.id)) ? true : undefined,
      );
      if (how === 'stall') {
        let text = '';
        socket.on('data', (piece) => {
          text += piece;
        });
        await once(socket, 'close');
        assert.match(text, /^HTTP\/1\.1 408/);
        assert.equal(/"code":"(\w+)"/.exec(text)?.[1], 'upload_stalled');
      } else socket.destroy();
      await nothingLeft(file.id);
      assert.equal((await bench.send(upload, bytes)).status, 201);
    }
  });

  test('more at once than there is room for are told to come again', async () => {
    const halves = await Promise.all(
      [1, 2, 3].map(async () => {
        const { file, upload } = await bench.upload(bytes);
        return { id: file.id, socket: await sendHalf(upload.fields) };
      }),
    );
    await eventually('three are on their way', async () => {
      const names = await readdir(join(home, 'incoming'));
      return halves.every(({ id }) => names.some((name) => name.startsWith(id))) ? true : undefined;
    });
    const { upload } = await bench.upload(bytes);
    const answer = await bench.send(upload, bytes);
    assert.equal(await refusal(answer), 'overloaded');
    assert.equal(answer.headers.get('retry-after'), '2');
    for (const { socket } of halves) socket.destroy();
    for (const { id } of halves) await nothingLeft(id);
    assert.equal((await bench.send(upload, bytes)).status, 201);
  });

  /** A form that breaks off in the middle of its file. */
  async function sendHalf(fields: Record<string, string>) {
    const { hostname, port } = new URL(bench.url);
    const socket = connect(Number(port), hostname);
    await once(socket, 'connect');
    socket.on('error', () => {});
    const parts = Object.entries(fields).map(
      ([name, value]) => `--x\r\ncontent-disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
    );
    const file = `--x\r\ncontent-disposition: form-data; name="file"; filename="a"\r\n\r\n${bytes.subarray(0, 5)}`;
    const body = parts.join('') + file;
    socket.write(
      `POST /uploads/form HTTP/1.1\r\nhost: ${hostname}\r\ncontent-type: multipart/form-data; boundary=x\r\ncontent-length: ${body.length + 100}\r\n\r\n${body}`,
    );
    return socket;
  }
});
