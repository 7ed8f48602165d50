/** Files in a bucket: they are in the backup, and go back into a bucket, or into a folder; or are left out, and that is said. */
import assert from 'node:assert/strict';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { startCeph, type TestS3 } from '@labwright/files/testing/ceph';
import { openDb } from '@labwright/kernel/db';
import { migrate } from '@labwright/kernel/migrate';
import pg from 'pg';
import { backup, verify } from './backup.ts';
import { readLaboratory } from './laboratory.ts';
import { makeBackup } from './make-backup.ts';
import { restoreBackup } from './restore/restore-backup.ts';
import { restore } from './restore.ts';
import { migrationSets } from './services.ts';
import { emptyDatabases } from './testing/databases.ts';

type Databases = Awaited<ReturnType<typeof emptyDatabases>>;

const piece = 4 * 1024 ** 2;
const ids = { small: randomUUID(), big: randomUUID(), missing: randomUUID(), changed: randomUUID() };
const arriving = randomUUID();
const contents = new Map<string, Buffer>();
const keyOf = (id: string) => `kept/${id}.0123456789abcdef`;
const opened: Databases[] = [];

let folder: string;
let server: TestS3 | undefined;
let bucket: string;
let databases: Databases;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'labwright-bucket-'));
  server = await startCeph();
  if (!server) return;
  bucket = await server.bucket();
  databases = await empty();
  await fill(server, databases.urls.hub);
});

after(async () => {
  await server?.stop();
  for (const each of opened) await each.drop();
  await rm(folder, { recursive: true, force: true });
});

async function empty(): Promise<Databases> {
  const made = await emptyDatabases();
  opened.push(made);
  return made;
}

/** Small, of three whole pieces, gone from the bucket, changed there; and one that has come in and is not checked. */
async function fill({ put }: TestS3, url: string): Promise<void> {
  const db = openDb({ url, applicationName: 'test' });
  const used = ['kernel', 'audit', 'jobs', 'feed', 'files'];
  await migrate(
    db,
    migrationSets.filter(({ name }) => used.includes(name)),
  );
  await db.close();
  const database = new pg.Client({ connectionString: url });
  await database.connect();
  const record = async (id: string, content: Buffer, ready: boolean) => {
    contents.set(id, content);
    const sha256 = createHash('sha256').update(content).digest('hex');
    await database.query(
      `INSERT INTO files (id, name, content_type, size, sha256, owner_id, owner_name, resumable, results_wanted, status,
                          expires_at, look_at, created_at, kept_key, ready_at)
       VALUES ($1, 'a.bin', 'application/octet-stream', $2, $3, 'person:1', 'Ada', false, 'none', $4,
               now(), CASE WHEN $5 THEN NULL ELSE now() END, now(), $6, CASE WHEN $5 THEN now() END)`,
      [id, content.length, sha256, ready ? 'ready' : 'received', ready, ready ? keyOf(id) : null],
    );
  };
  for (const [name, id] of Object.entries(ids)) {
    const content = randomBytes(name === 'big' ? 3 * piece : 1_000);
    await record(id, content, true);
    if (name !== 'missing') await put(bucket, keyOf(id), name === 'changed' ? randomBytes(1_000) : content);
  }
  await record(arriving, randomBytes(500), false);
  await put(bucket, `incoming/${arriving}`, contents.get(arriving) ?? Buffer.alloc(0));
  await database.end();
}

function environment(home: string, into: Databases, s3Bucket: string | undefined): Record<string, string> {
  assert.ok(server);
  return {
    LABWRIGHT_HOME: join(folder, home),
    DEVICE_DATABASE_URL: into.urls.device,
    WORKFLOW_DATABASE_URL: into.urls.workflow,
    HUB_DATABASE_URL: into.urls.hub,
    ...(s3Bucket === undefined
      ? {}
      : {
          S3_BUCKET: s3Bucket,
          S3_ENDPOINT: server.endpoint,
          S3_ACCESS_KEY_ID: server.accessKeyId,
          S3_SECRET_ACCESS_KEY: server.secretAccessKey,
          S3_PATH_STYLE: '1',
        }),
  };
}

const request = (file: string) => ({ file, goOn: false, mayReplace: async () => false });

test('the files of a bucket go into the backup, and back into a bucket or into a folder', async (t) => {
  if (!server) return t.skip('there is no Ceph here');
  const file = join(folder, 'with.backup');
  const laboratory = readLaboratory(environment('first', databases, bucket));
  const made = await makeBackup(laboratory, { file, waitMs: 10_000 });
  assert.deepEqual([...made.files.lost].sort(), [ids.missing, ids.changed].sort());
  assert.deepEqual(made.files.deleted, []);
  assert.equal(made.files.left_out, undefined);

  const empties = await server.bucket();
  const again = readLaboratory(environment('second', await empty(), empties));
  assert.equal((await restoreBackup(again, request(file))).files, 4);
  const wanted = [keyOf(ids.small), keyOf(ids.big), keyOf(ids.changed), `incoming/${arriving}`];
  assert.deepEqual((await server.keys(empties)).sort(), wanted.sort());
  for (const [key, id] of [
    [keyOf(ids.small), ids.small],
    [keyOf(ids.big), ids.big],
    [`incoming/${arriving}`, arriving],
  ] as const)
    assert.ok(contents.get(id)?.equals(await server.get(empties, key)), key);

  // What is in a bucket already is put at risk only by whoever says so.
  const third = readLaboratory(environment('third', await empty(), empties));
  const occupied: string[] = [];
  await assert.rejects(
    restoreBackup(third, {
      ...request(file),
      mayReplace: async (found) => {
        occupied.push(...found);
        return false;
      },
    }),
    /Nothing was changed/,
  );
  assert.deepEqual(occupied, [`files in the bucket ${empties}`]);

  const onDisk = readLaboratory(environment('fourth', await empty(), undefined));
  assert.equal((await restoreBackup(onDisk, request(file))).files, 4);
  const lies = join(folder, 'fourth', 'files', 'kept', ids.big.slice(0, 2), `${ids.big}.0123456789abcdef`);
  assert.ok(contents.get(ids.big)?.equals(readFileSync(lies)));
});

test('a backup --without-files says on screen and in itself what is not in it, and asks no S3', async (t) => {
  if (!server) return t.skip('there is no Ceph here');
  const { size } = contents;
  const file = join(folder, 'without.backup');
  const env = { ...environment('fifth', databases, bucket), S3_ENDPOINT: 'http://127.0.0.1:1' };
  const told: string[] = [];
  const say = (text: string) => {
    told.push(text);
  };
  Object.assign(process.env, env);
  assert.equal(await backup({ file, waitMs: 10_000, withoutFiles: true }, say), true);
  assert.match(told.join(''), new RegExp(`NOT in it, .*--without-files: ${size} on record`));
  told.length = 0;
  await verify(file, say);
  assert.match(told.join(''), new RegExp(`NOT in it, .*--without-files: ${size} on record`));
  told.length = 0;
  Object.assign(process.env, environment('sixth', await empty(), bucket), {
    S3_ENDPOINT: 'http://127.0.0.1:1',
  });
  await restore(
    { file, replace: false, yes: false, goOn: false },
    { say, stdin: process.stdin, stderr: process.stderr },
  );
  assert.match(
    told.join(''),
    new RegExp(`without ${size} files .* in the bucket ${bucket}: bring them back`),
  );
});

test('where the bucket does not answer, no backup is made', async (t) => {
  if (!server) return t.skip('there is no Ceph here');
  const env = { ...environment('seventh', databases, bucket), S3_ENDPOINT: 'http://127.0.0.1:1' };
  const file = join(folder, 'none.backup');
  await assert.rejects(
    makeBackup(readLaboratory(env), { file, waitMs: 10_000 }),
    /the bucket .* cannot be read/,
  );
});
