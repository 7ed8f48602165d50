import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
  S3ServiceException,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { bodyOf } from './answers.ts';
import { type BucketOptions, clientConfig, reach } from './client.ts';
import { sweepPieces } from './pieces.ts';

/** The objects of a bucket by their keys, for a backup and a restore: what no row knows of can be read and written too. */
export interface Bucket {
  /** Rejects with what to do where it cannot be used. */
  start(): Promise<void>;
  stop(): void;
  /** So many bytes from there on, fewer where it ends; undefined where nothing is under this key. */
  read(key: string, from: number, bytes: number): Promise<Buffer | undefined>;
  /** An object that is there when it is finished, and not before. */
  write(key: string): ObjectWriter;
  /** Whether checked files lie there. */
  isFilled(): Promise<boolean>;
}

export interface ObjectWriter {
  /** What is not sent yet stays below `partBytes` and what is given at once. */
  add(data: Buffer): Promise<void>;
  finish(): Promise<void>;
  /** Takes away what was sent. */
  abandon(): Promise<void>;
}

/** Of an upload in parts; S3 takes none below 5 MiB but the last, and 10,000 of them. */
const partBytes = 8 * 1024 ** 2;
const reachMs = 10_000;
/** A connection may break while the bytes of an answer come, which the client of S3 does not try again. */
const tries = 4;

export function openBucket(options: BucketOptions): Bucket {
  const { bucket: Bucket } = options;
  const client = new S3Client(clientConfig(options));

  const readOnce = async (Key: string, from: number, bytes: number): Promise<Buffer | undefined> => {
    const Range = `bytes=${from}-${from + bytes - 1}`;
    try {
      const pieces: Buffer[] = [];
      let read = 0;
      for await (const piece of bodyOf(await client.send(new GetObjectCommand({ Bucket, Key, Range })))) {
        read += piece.length;
        // Taken, a file would be in the backup once for each of its pieces, or without an end.
        if (read > bytes) throw new RangeIgnored();
        pieces.push(piece);
      }
      return Buffer.concat(pieces);
    } catch (error) {
      const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
      if (status === 404) return undefined;
      // Nothing lies from there on.
      if (status === 416) return Buffer.alloc(0);
      throw error;
    }
  };

  return {
    start: () => reach(client, options, reachMs),
    stop: () => client.destroy(),
    read: async (key, from, bytes) => {
      for (let left = tries - 1; ; left -= 1) {
        try {
          return await readOnce(key, from, bytes);
        } catch (error) {
          // It has answered, and would again.
          if (left === 0 || error instanceof S3ServiceException || error instanceof RangeIgnored)
            throw failed(options, 'read', key, error);
        }
      }
    },
    write: (key) => writer(client, options, key),
    isFilled: async () => {
      const { KeyCount = 0 } = await client.send(
        new ListObjectsV2Command({ Bucket, Prefix: 'kept/', MaxKeys: 1 }),
      );
      return KeyCount > 0;
    },
  };
}

/** What stands between us and the storage answers with other bytes than were asked for. */
class RangeIgnored extends Error {
  override readonly name =
    'it answers with more bytes than were asked for: it, or a proxy before it, ignores Range';
}

function writer(client: S3Client, options: BucketOptions, Key: string): ObjectWriter {
  const { bucket: Bucket } = options;
  let gathered: Buffer[] = [];
  let bytes = 0;
  let UploadId: string | undefined;
  const Parts: { PartNumber: number; ETag: string | undefined }[] = [];

  const begin = async () => {
    // Of a restore that was killed: nothing else would ever take its parts away.
    await sweepPieces(client, Bucket, Key);
    return (await client.send(new CreateMultipartUploadCommand({ Bucket, Key }))).UploadId;
  };
  const sendPart = async () => {
    UploadId ??= await begin();
    const PartNumber = Parts.length + 1;
    const Body = take();
    const { ETag } = await client.send(new UploadPartCommand({ Bucket, Key, UploadId, PartNumber, Body }));
    Parts.push({ PartNumber, ETag });
  };
  const take = () => {
    const all = Buffer.concat(gathered);
    gathered = [];
    bytes = 0;
    return all;
  };
  const saying = (send: () => Promise<unknown>) =>
    send().then(
      () => {},
      (error) => {
        throw failed(options, 'written', Key, error);
      },
    );

  return {
    add: async (data) => {
      gathered.push(data);
      bytes += data.length;
      if (bytes >= partBytes) await saying(sendPart);
    },
    finish: () =>
      saying(async () => {
        if (UploadId === undefined) return client.send(new PutObjectCommand({ Bucket, Key, Body: take() }));
        if (bytes > 0) await sendPart();
        return client.send(
          new CompleteMultipartUploadCommand({ Bucket, Key, UploadId, MultipartUpload: { Parts } }),
        );
      }),
    abandon: async () => {
      if (UploadId !== undefined)
        await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
    },
  };
}

const failed = ({ bucket, endpoint }: BucketOptions, what: 'read' | 'written', key: string, cause: unknown) =>
  new Error(
    `${key} in the bucket ${bucket} at ${endpoint ?? 'AWS'} cannot be ${what} (${cause instanceof Error ? cause.name : cause}). Does the server answer, and do the keys allow it?`,
    { cause },
  );
