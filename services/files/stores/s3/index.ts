import { randomBytes } from 'node:crypto';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Clock } from '@labwright/kernel/clock';
import { S3Store as PiecesOnS3 } from '@tus/s3-store';
import { disposition } from '../../downloads/disposition.ts';
import { keyOf, parseKey } from '../../keys.ts';
import type { FileStore, Listed } from '../../store.ts';
import { signPolicy } from '../../uploads/policy.ts';
import { answered, bodyOf, within } from './answers.ts';
import { type BucketOptions, clientConfig, reach } from './client.ts';
import { sweepPieces } from './pieces.ts';

export interface S3StoreOptions extends BucketOptions {
  readonly clock: Clock;
  /** Milliseconds until an answer that somebody waits for must be there; 10,000. */
  readonly answerMs?: number;
}

/**
 * Files in a bucket of any S3 that is ours alone: what lies there under `incoming/` and `kept/` and belongs to no file is swept. Forms go
 * straight to it, and links lead straight to it; pieces pass through this process.
 */
export function s3Store(options: S3StoreOptions): FileStore {
  const { bucket: Bucket, clock, answerMs = 10_000 } = options;
  const config = clientConfig(options);
  const client = new S3Client(config);
  const pieces = new PiecesOnS3({ s3ClientConfig: { ...config, bucket: Bucket }, useTags: false });

  const remove = async (Key: string) => {
    await within(answerMs, (abortSignal) =>
      client.send(new DeleteObjectCommand({ Bucket, Key }), { abortSignal }),
    );
  };

  return {
    name: 's3',
    start: () => reach(client, options, answerMs),
    stop: async () => client.destroy(),
    form: async (terms) => ({ url: formUrl(options), fields: signPolicy(terms, options) }),
    arrived: async (id) =>
      (
        await answered(
          within(answerMs, (abortSignal) =>
            client.send(new HeadObjectCommand({ Bucket, Key: keyOf('incoming', id) }), { abortSignal }),
          ),
        )
      )?.ContentLength,
    // Copied, not served from where it came in: the policy can be used again there until it expires.
    keep: async (id) => {
      const Key = `${keyOf('kept', id)}.${randomBytes(8).toString('hex')}`;
      const CopySource = `${Bucket}/${keyOf('incoming', id)}`;
      return (await answered(client.send(new CopyObjectCommand({ Bucket, Key, CopySource })))) && Key;
    },
    readKept: async (Key, range) =>
      bodyOf(
        await client.send(
          new GetObjectCommand({
            Bucket,
            Key,
            ...(range ? { Range: `bytes=${range.start}-${range.end}` } : {}),
          }),
        ),
      ),
    discardIncoming: async (id) => {
      const Key = keyOf('incoming', id);
      await sweepPieces(client, Bucket, Key);
      await Promise.all([Key, `${Key}.info`, `${Key}.part`].map(remove));
    },
    list: async (after, limit) => {
      const page = await client.send(
        new ListObjectsV2Command({
          Bucket,
          MaxKeys: limit,
          ...(after === null ? {} : { StartAfter: after }),
        }),
      );
      const found = page.Contents ?? [];
      const objects = found.flatMap(({ Key = '', LastModified }): Listed[] => {
        const parsed = parseKey(Key);
        return parsed
          ? [{ key: Key, place: parsed.place, id: parsed.id, modifiedMs: LastModified?.getTime() ?? 0 }]
          : [];
      });
      return { objects, next: page.IsTruncated ? (found.at(-1)?.Key ?? null) : null };
    },
    remove,
    link: (file, expiresMs) =>
      getSignedUrl(
        client,
        new GetObjectCommand({
          Bucket,
          Key: file.key,
          ResponseContentDisposition: disposition(file.name),
          // S3 cannot be told to send `nosniff` or a sandbox. What no browser renders needs neither.
          ResponseContentType: 'application/octet-stream',
          ResponseCacheControl: 'private, no-cache',
        }),
        {
          expiresIn: Math.max(Math.ceil((expiresMs - clock.now()) / 1_000), 1),
          signingDate: new Date(clock.now()),
        },
      ),
    pieces: { store: async () => pieces, idOf: (id) => keyOf('incoming', id) },
  };
}

function formUrl({ endpoint, region, bucket, pathStyle }: S3StoreOptions): string {
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  if (pathStyle) url.pathname = `/${bucket}`;
  else url.hostname = `${bucket}.${url.hostname}`;
  return url.toString();
}
