import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { openBucket } from './bucket.ts';

async function against(answer: (response: ServerResponse, count: number) => void) {
  let count = 0;
  const server = createServer((_, response) => {
    count += 1;
    answer(response, count);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const bucket = openBucket({
    endpoint: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    region: 'us-east-1',
    bucket: 'files',
    accessKeyId: 'key',
    secretAccessKey: 'secret',
    pathStyle: true,
  });
  return {
    bucket,
    asked: () => count,
    close: () => {
      bucket.stop();
      server.close();
      server.closeAllConnections();
    },
  };
}

test('an answer that breaks off is asked for again, and never taken for the end of a file', async () => {
  const { bucket, asked, close } = await against((response, count) => {
    response.writeHead(206, { 'content-length': '10' });
    if (count === 2) response.end('0123456789');
    else {
      response.write('01234');
      setImmediate(() => response.destroy());
    }
  });
  try {
    assert.equal((await bucket.read('kept/a', 0, 10))?.toString(), '0123456789');
    await assert.rejects(bucket.read('kept/a', 0, 10), /kept\/a in the bucket files .* cannot be read/);
    assert.ok(asked() > 3);
  } finally {
    close();
  }
});

test('keys that may not read are no missing file', async () => {
  const { bucket, close } = await against((response) => {
    response.writeHead(403, { 'content-type': 'application/xml' });
    response.end('<Error><Code>AccessDenied</Code></Error>');
  });
  try {
    await assert.rejects(bucket.read('kept/a', 0, 10), /cannot be read \(AccessDenied\)/);
  } finally {
    close();
  }
});

test('a server that ignores which bytes are asked for is refused, and not read without an end', async () => {
  const { bucket, asked, close } = await against((response) => {
    response.writeHead(200, { 'content-length': '20' });
    response.end('01234567890123456789');
  });
  try {
    await assert.rejects(bucket.read('kept/a', 0, 10), /cannot be read \(it answers with more bytes/);
    assert.equal(asked(), 1);
  } finally {
    close();
  }
});
