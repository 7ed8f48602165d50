import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { manualClock } from '@labwright/kernel/clock';
import { isProblem } from '@labwright/kernel/errors';
import { bodyDigest } from '@labwright/kernel/http';
import { type SamplesServer, startSamplesServer } from '../testing.ts';
import { uploadDesk } from './upload.ts';

const limits = { bytes: 2_000, idleMs: 30_000, totalMs: 100_000, inHand: 2 };

describe('the desk that receives files', () => {
  const desk = () => uploadDesk(manualClock(), limits);
  const textOf = async (read: () => AsyncIterable<Buffer>) => {
    const pieces: Buffer[] = [];
    for await (const piece of read()) pieces.push(piece);
    return Buffer.concat(pieces).toString();
  };

  test('a file can be read more than once, and is gone after its use', async () => {
    const { receive, ...rest } = desk();
    assert.equal(rest.inHand, 0);
    const source = new PassThrough();
    source.write('hello ');
    source.end('world');
    const upload = await receive(source, undefined);
    assert.equal(upload.bytes, 11);
    assert.equal(upload[bodyDigest], 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9');
    const texts = await upload.use(async (read) => [await textOf(read), await textOf(read)]);
    assert.deepEqual(texts, ['hello world', 'hello world']);
    await assert.rejects(upload.use(textOf), (error) => isProblem(error, 'overloaded'));
  });

  test('counts the files in hand down again, whatever becomes of them', async () => {
    const counting = desk();
    const sourceOf = (text: string) => {
      const source = new PassThrough();
      source.end(text);
      return source;
    };
    const used = await counting.receive(sourceOf('a'), 1);
    const discarded = await counting.receive(sourceOf('b'), 1);
    assert.equal(counting.inHand, 2);
    await assert.rejects(counting.receive(sourceOf('c'), 1), (error) => isProblem(error, 'overloaded'));
    await discarded.discard();
    await discarded.discard();
    await assert.rejects(
      used.use(() => Promise.reject(new Error('broke'))),
      /broke/,
    );
    await used.discard();
    assert.equal(counting.inHand, 0);
    await assert.rejects(counting.receive(sourceOf('x'.repeat(2_001)), undefined), (error) =>
      isProblem(error, 'payload_too_large'),
    );
    const broken = new PassThrough();
    const receiving = counting.receive(broken, 10);
    broken.write('half');
    broken.destroy();
    await assert.rejects(receiving, (error) => isProblem(error, 'import_unreadable'));
    assert.equal(counting.inHand, 0);
  });

  test('stalls after 30 s without a byte', async () => {
    const clock = manualClock();
    const source = new PassThrough();
    const refused = assert.rejects(uploadDesk(clock, limits).receive(source, undefined), (error) =>
      isProblem(error, 'upload_stalled'),
    );
    await clock.sleepers(1);
    await clock.advance(30_000);
    await refused;
    assert.equal(source.destroyed, false);
  });

  test('stalls where the whole takes too long, although bytes keep coming', async () => {
    const clock = manualClock();
    const source = new PassThrough();
    const refused = assert.rejects(uploadDesk(clock, limits).receive(source, undefined), (error) =>
      isProblem(error, 'upload_stalled'),
    );
    for (let elapsed = 0; elapsed < limits.totalMs; elapsed += 20_000) {
      await clock.sleepers(1);
      const taken = once(source, 'resume');
      source.write('x');
      await taken;
      await clock.advance(20_000);
    }
    await refused;
  });
});

const file = 'barcode,sample_type\nS1,blood\n';

/** An injected request takes no turn of the event loop: asked in a row they would keep every socket from closing. */
const socketsHadTheirTurn = () => new Promise((resolve) => setImmediate(resolve));

describe('the import over a real connection', () => {
  const clock = manualClock(Date.now());
  let lab: SamplesServer;
  let port: number;
  beforeEach(async () => {
    lab = await startSamplesServer({ clock, limits: { ...limits, inHand: 1 } });
    port = await lab.server.listen({ host: '127.0.0.1', port: 0 });
  });
  afterEach(() => lab.stop());

  /** Sends text as it is; `answer` resolves with everything that came back once the server has closed. */
  function speak(text: string) {
    const socket = connect(port, '127.0.0.1');
    let heard = '';
    socket.on('data', (piece) => {
      heard += piece;
    });
    socket.write(text);
    const answer = once(socket, 'close').then(() => heard);
    return { socket, answer };
  }
  const head = (length: string) =>
    `POST /samples/import HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/csv\r\n${length}\r\n\r\n`;
  const idleConnections = () => {
    const { total, idle, waiting } = lab.database.db.gauge;
    return { busy: total - idle, waiting };
  };

  test('an upload that is cut in the middle imports nothing and frees everything', async () => {
    const arrived = once(lab.server.app.server, 'request');
    const { socket } = speak(`${head('Content-Length: 1000')}${file}`);
    const [, response] = await arrived;
    await clock.sleepers(1);
    assert.deepEqual(idleConnections(), { busy: 0, waiting: 0 });
    const closed = once(response, 'close');
    socket.destroy();
    await closed;
    let after = await lab.importCsv(file);
    while (after.status === 503) {
      await socketsHadTheirTurn();
      after = await lab.importCsv(file);
    }
    assert.deepEqual([after.status, after.body.imported], [200, 1]);
    assert.equal(await lab.count(), 1);
    assert.equal(await lab.staged(), 0);
    assert.deepEqual(idleConnections(), { busy: 0, waiting: 0 });
  });

  test('408: an upload that stalls, told over the connection; meanwhile no database connection is held', async () => {
    const { answer } = speak(`${head('Content-Length: 1000')}${file}`);
    await clock.sleepers(1);
    assert.deepEqual(idleConnections(), { busy: 0, waiting: 0 });
    await clock.advance(30_001);
    const text = await answer;
    assert.match(text, /^HTTP\/1.1 408 /);
    assert.match(text, /"code":"upload_stalled"/);
    assert.equal(await lab.count(), 0);
  });

  test('413: too large, said before it is sent or found out on the way', async () => {
    const declared = await speak(head('Content-Length: 2001')).answer;
    assert.match(declared, /^HTTP\/1.1 413 /);
    assert.match(declared, /"code":"payload_too_large"/);
    const chunk = `400\r\n${'x'.repeat(1_024)}\r\n`;
    const found = await speak(`${head('Transfer-Encoding: chunked')}${chunk}${chunk}`).answer;
    assert.match(found, /^HTTP\/1.1 413 /);
    assert.match(found, /"code":"payload_too_large"/);
  });

  test('503 with Retry-After while too many files are in hand, and 200 afterwards', async () => {
    const first = speak(`${head(`Content-Length: ${file.length}\r\nConnection: close`)}${file.slice(0, -1)}`);
    await clock.sleepers(1);
    const second = await lab.importCsv(file.replace('S1', 'S2'));
    assert.deepEqual(
      [second.status, second.body.code, second.headers['retry-after']],
      [503, 'overloaded', '5'],
    );
    first.socket.write(file.slice(-1));
    assert.match(await first.answer, /^HTTP\/1.1 200 /);
    assert.equal((await lab.importCsv(file.replace('S1', 'S2'))).status, 200);
  });

  test('a file that is received and not used makes room again: replayed, refused, and a wrong query', async () => {
    const key = { 'idempotency-key': 'room' };
    const send = async (query: string, text: string) => {
      const answer = await fetch(`http://127.0.0.1:${port}/samples/import${query}`, {
        method: 'POST',
        headers: { 'content-type': 'text/csv', ...key },
        body: text,
      });
      await answer.arrayBuffer();
      return answer.status;
    };
    const statuses: number[] = [];
    for (const [query, text] of [
      ['', file],
      ['', file],
      ['', `${file}S2,blood\n`],
      ['?partial=perhaps', file],
      ['', file],
    ] as const) {
      // The room is free as soon as the connection has seen the end of the answer, a moment after the caller.
      let status = await send(query, text);
      while (status === 503) {
        await socketsHadTheirTurn();
        status = await send(query, text);
      }
      statuses.push(status);
    }
    assert.deepEqual(statuses, [200, 200, 422, 400, 200]);
    assert.equal(await lab.count(), 1);
  });
});
