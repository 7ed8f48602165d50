import { ListObjectsV2Command, type S3Client, type S3ClientConfig } from '@aws-sdk/client-s3';
import { ConfigError } from '@labwright/kernel/config';
import { within } from './answers.ts';

/** Which bucket, and how it is reached. */
export interface BucketOptions {
  /** `https://s3.example.org`; absent: that of AWS for the region. */
  readonly endpoint?: string | undefined;
  readonly region: string;
  readonly bucket: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** The bucket as the first part of the path, as servers without names for buckets need it. */
  readonly pathStyle?: boolean | undefined;
}

const connectMs = 5_000;
/** Milliseconds without a byte after which a connection is given up; a copy of gigabytes is silent for a while. */
const idleMs = 60_000;

export function clientConfig(options: BucketOptions): S3ClientConfig {
  return {
    region: options.region,
    credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey },
    forcePathStyle: options.pathStyle ?? false,
    ...(options.endpoint ? { endpoint: options.endpoint } : {}),
    // Checksums that the request does not need are headers and trailers that many servers do not know.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 3,
    requestHandler: { connectionTimeout: connectMs, socketTimeout: idleMs },
  };
}

/** Throws a `ConfigError` where the bucket cannot be listed. */
export async function reach(
  client: S3Client,
  { bucket, endpoint }: BucketOptions,
  answerMs: number,
): Promise<void> {
  try {
    await within(answerMs, (abortSignal) =>
      client.send(new ListObjectsV2Command({ Bucket: bucket, MaxKeys: 1 }), { abortSignal }),
    );
  } catch (error) {
    throw new ConfigError([
      `S3_BUCKET: the bucket ${bucket} at ${endpoint ?? 'AWS'} cannot be read (${error instanceof Error ? error.name : error}). Does it exist, and do the keys allow to list, read, write and delete there?`,
    ]);
  }
}
