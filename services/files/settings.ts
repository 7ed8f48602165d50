import { ConfigError, flag, httpUrl, optional, text } from '@labwright/kernel/config';
import type { BucketOptions } from './stores/s3/client.ts';

/** Where files are kept: in a folder, or in a bucket where one is named. */
export const fileSettings = {
  FILES_FOLDER: optional(
    text({ doc: 'the folder of files, where there is no bucket; else `files` in LABWRIGHT_HOME' }),
  ),
  S3_BUCKET: optional(text({ doc: 'a bucket for files, and for nothing else' })),
  S3_ENDPOINT: optional(httpUrl({ doc: 'the S3 server; without it AWS' })),
  S3_REGION: text({ doc: 'the region of the bucket', fallback: 'us-east-1' }),
  S3_ACCESS_KEY_ID: optional(text({ doc: 'the key that may list, read, write and delete there' })),
  S3_SECRET_ACCESS_KEY: optional(text({ doc: 'the secret of that key' })),
  S3_PATH_STYLE: flag({ doc: 'the bucket is part of the path, not of the host: 1 or 0', fallback: '0' }),
};

export interface FileSettings {
  readonly FILES_FOLDER?: string | undefined;
  readonly LABWRIGHT_HOME?: string;
  readonly S3_BUCKET?: string | undefined;
  readonly S3_ENDPOINT?: string | undefined;
  readonly S3_REGION?: string | undefined;
  readonly S3_ACCESS_KEY_ID?: string | undefined;
  readonly S3_SECRET_ACCESS_KEY?: string | undefined;
  readonly S3_PATH_STYLE?: boolean | undefined;
}

/** The bucket that the settings name; undefined where they name none. Throws a `ConfigError` where it is named without its keys. */
export function bucketOf(settings: FileSettings): BucketOptions | undefined {
  const {
    S3_BUCKET: bucket,
    S3_ACCESS_KEY_ID: accessKeyId,
    S3_SECRET_ACCESS_KEY: secretAccessKey,
  } = settings;
  if (bucket === undefined) return undefined;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new ConfigError(['S3_BUCKET needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY beside it']);
  return {
    bucket,
    accessKeyId,
    secretAccessKey,
    region: settings.S3_REGION ?? 'us-east-1',
    endpoint: settings.S3_ENDPOINT,
    pathStyle: settings.S3_PATH_STYLE,
  };
}
