import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { auditMigrations } from '@labwright/audit';
import { jobsMigrations } from '@labwright/jobs';
import {
  createTestDatabase,
  eventually,
  spawnScript,
  type TestDatabase,
  type TestProcess,
} from '@labwright/kernel/testing';
import { filesMigrations } from './index.ts';
import { sendForm, sha256 } from './testing/bench.ts';

const uploads = 50;
const megabytes = 10;

describe('a process of its own', () => {
  let database: TestDatabase;
  let folder = '';
  before(async () => {
    database = await createTestDatabase([auditMigrations, jobsMigrations, filesMigrations]);
    folder = await mkdtemp(join(tmpdir(), 'labwright-memory-'));
  });
  after(async () => {
    await database.drop();
    await rm(folder, { recursive: true, force: true });
  });

  const start = async (): Promise<{ process: TestProcess; url: string }> => {
    const process = spawnScript(import.meta.resolve('./testing/process.ts'), {
      DATABASE_URL: database.url,
      FOLDER: folder,
      // As in the image (deploy/Dockerfile).
      NODE_OPTIONS: '--max-old-space-size=128 --max-semi-space-size=4',
    });
    await process.wrote(/listens on \d+/);
    return { process, url: `http://127.0.0.1:${/listens on (\d+)/.exec(process.output())?.[1]}` };
  };

  const ask = async (url: string, path: string, body?: object) => {
    const answer = await fetch(url + path, {
      method: body ? 'POST' : 'GET',
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
    });
    return (await answer.json()) as unknown;
  };

  const statusOf = async (url: string, id: string) =>
    ((await ask(url, `/files/${id}`)) as { status: string }).status;

  const promise = async (url: string, bytes: Buffer) => {
    const request = {
      name: 'raw',
      content_type: 'application/octet-stream',
      size: bytes.length,
      sha256: sha256(bytes),
    };
    return (await ask(url, '/uploads', request)) as {
      file: { id: string };
      upload: { fields: Record<string, string> };
    };
  };

  test(`${uploads} uploads of ${megabytes} MB at once take less than 256 MB`, async () => {
    const { process, url } = await start();
    try {
      const bytes = randomBytes(megabytes * 1024 ** 2);
      const ids = await Promise.all(
        Array.from({ length: uploads }, async () => {
          const { file, upload } = await promise(url, bytes);
          const answer = await sendForm(`${url}/uploads/form`, upload.fields, bytes);
          assert.equal(answer.status, 201, await answer.text());
          return file.id;
        }),
      );
      for (const id of ids)
        await eventually(`${id} is ready`, async () =>
          (await statusOf(url, id)) === 'ready' ? true : undefined,
        );
      const status = await readFile(`/proc/${process.child.pid}/status`, 'utf8').catch(() => '');
      const peak = Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1] ?? 0) / 1024;
      console.log(`# most memory: ${peak.toFixed(0)} MiB`);
      assert.ok(peak < 256, `${peak.toFixed(0)} MiB`);
    } finally {
      await process.kill();
    }
  });

  test('killed in the middle of an upload and right behind one, it loses nothing that was answered and keeps no half', async () => {
    const first = await start();
    const whole = randomBytes(100_000);
    const { file: answered, upload } = await promise(first.url, whole);
    assert.equal((await sendForm(`${first.url}/uploads/form`, upload.fields, whole)).status, 201);
    const large = randomBytes(megabytes * 1024 ** 2);
    const half = await promise(first.url, large);
    const sending = sendForm(`${first.url}/uploads/form`, half.upload.fields, large).catch(() => undefined);
    await eventually('it is on its way', async () =>
      (await readdir(join(folder, 'incoming'))).some((name) => name.startsWith(half.file.id))
        ? true
        : undefined,
    );
    await first.process.kill();
    const before = await sending;

    const second = await start();
    try {
      await eventually('what was answered is ready', async () =>
        (await statusOf(second.url, answered.id)) === 'ready' ? true : undefined,
      );
      const again = await sendForm(`${second.url}/uploads/form`, half.upload.fields, large);
      // Answered before the end came, it was taken, and is not taken twice.
      assert.equal(again.status, before?.status === 201 ? 409 : 201, await again.text());
      await eventually('the other one too', async () =>
        (await statusOf(second.url, half.file.id)) === 'ready' ? true : undefined,
      );
    } finally {
      await second.process.kill();
    }
  });
});
