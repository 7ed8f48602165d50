import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { freePort } from '@labwright/kernel/testing';

/** An S3 server of its own: the gateway of Ceph, which checks policies itself, over a cluster of one that keeps everything in memory. */
export interface TestS3 {
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  bucket(): Promise<string>;
  put(bucket: string, key: string, content: Buffer): Promise<void>;
  get(bucket: string, key: string): Promise<Buffer>;
  keys(bucket: string): Promise<string[]>;
  stop(): Promise<void>;
}

const run = promisify(execFile);
const keys = { accessKeyId: 'labwright', secretAccessKey: 'a-secret-of-the-test' };

/**
 * Undefined where this machine has no Ceph: the test then is skipped by name, except where `CI=true`, for which nothing may be left
 * out.
 */
export async function startCeph(): Promise<TestS3 | undefined> {
  const folder = await mkdtemp(join(tmpdir(), 'labwright-ceph-'));
  const [monitorPort, port] = await Promise.all([freePort(), freePort()]);
  const children: ChildProcess[] = [];
  const endpoint = `http://127.0.0.1:${port}`;
  const client = new S3Client({ endpoint, region: 'us-east-1', credentials: keys, forcePathStyle: true });
  const stop = async () => {
    client.destroy();
    for (const child of children.toReversed()) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
    await rm(folder, { recursive: true, force: true });
  };
  try {
    await boot(folder, children, monitorPort, port);
    await untilAnswering(endpoint, children);
  } catch (error) {
    await stop();
    if ((error as NodeJS.ErrnoException).code === 'ENOENT' && process.env.CI !== 'true') return undefined;
    throw error;
  }
  return {
    ...keys,
    endpoint,
    region: 'us-east-1',
    put: async (Bucket, Key, Body) => {
      await client.send(new PutObjectCommand({ Bucket, Key, Body }));
    },
    get: async (Bucket, Key) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket, Key }));
      return Buffer.from((await Body?.transformToByteArray()) ?? []);
    },
    keys: async (Bucket) => {
      const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket }));
      return Contents.map(({ Key = '' }) => Key);
    },
    bucket: async () => {
      const Bucket = `files-${randomUUID()}`;
      await client.send(new CreateBucketCommand({ Bucket }));
      return Bucket;
    },
    stop,
  };
}

async function boot(
  folder: string,
  children: ChildProcess[],
  monitorPort: number,
  port: number,
): Promise<void> {
  const fsid = randomUUID();
  const osd = randomUUID();
  const config = join(folder, 'ceph.conf');
  await Promise.all(['mon', 'osd', 'rgw'].map((part) => mkdir(join(folder, part))));
  await writeFile(config, configOf(folder, fsid, monitorPort, port));
  const env = { ...process.env, CEPH_CONF: config };
  const tool = (name: string, ...args: string[]) => run(name, args, { env, timeout: 60_000 });
  const serve = (name: string, ...args: string[]) => {
    const child = spawn(name, [...args, '--foreground'], { env, stdio: 'ignore' });
    child.on('error', () => {});
    children.push(child);
  };
  const map = join(folder, 'monmap');
  await tool('monmaptool', '--create', '--addv', 'a', `[v2:127.0.0.1:${monitorPort}]`, '--fsid', fsid, map);
  await tool('ceph-mon', '--mkfs', '-i', 'a', '--monmap', map);
  serve('ceph-mon', '-i', 'a');
  await tool('ceph', 'osd', 'new', osd);
  await tool('ceph-osd', '-i', '0', '--mkfs', '--osd-uuid', osd);
  serve('ceph-osd', '-i', '0');
  const { accessKeyId, secretAccessKey } = keys;
  const user = [
    '--uid=files',
    '--display-name=files',
    `--access-key=${accessKeyId}`,
    `--secret=${secretAccessKey}`,
  ];
  await tool('radosgw-admin', '-n', 'client.rgw', 'user', 'create', ...user);
  serve('radosgw', '-n', 'client.rgw');
}

/** No keys between its parts, one copy of everything, in memory. */
const configOf = (folder: string, fsid: string, monitorPort: number, port: number) => `[global]
fsid = ${fsid}
mon_host = v2:127.0.0.1:${monitorPort}
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = none
auth_service_required = none
auth_client_required = none
ms_mon_client_mode = crc
ms_bind_msgr1 = false
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
mon_data_avail_crit = 1
mon_data_avail_warn = 2
mon_data = ${folder}/mon
osd_data = ${folder}/osd
rgw_data = ${folder}/rgw
run_dir = ${folder}
log_file = ${folder}/$name.log
admin_socket = ${folder}/$name.asok
pid_file = ${folder}/$name.pid
[osd]
osd_objectstore = memstore
memstore_device_bytes = 2147483648
[client.rgw]
rgw_frontends = beast endpoint=127.0.0.1:${port}
`;

async function untilAnswering(endpoint: string, children: readonly ChildProcess[]): Promise<void> {
  for (const deadline = Date.now() + 90_000; ; ) {
    const answer = await fetch(endpoint).catch(() => undefined);
    await answer?.arrayBuffer();
    if (answer?.ok) return;
    const ended = children.find(({ exitCode }) => exitCode !== null);
    if (ended) throw new Error(`${ended.spawnfile} ended with ${ended.exitCode}`);
    if (Date.now() > deadline) throw new Error('The S3 server of the test did not answer within 90 s.');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
