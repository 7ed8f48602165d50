import { join } from 'node:path';
import type { OpenStore } from '@labwright/files';
import { diskStore } from '@labwright/files/stores/disk';
import { ConfigError, flag, httpUrl, optional, text } from '@labwright/kernel/config';

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

/** Throws a `ConfigError` where a bucket is named without its keys. The client of S3 is only loaded where there is a bucket. */
export async function openFileStore(settings: FileSettings): Promise<OpenStore> {
  const {
    LABWRIGHT_HOME: home = '.labwright',
    FILES_FOLDER: folder = join(home, 'files'),
    S3_BUCKET: bucket,
  } = settings;
  if (bucket === undefined) return (given) => diskStore({ ...given, folder });
  const { S3_ACCESS_KEY_ID: accessKeyId, S3_SECRET_ACCESS_KEY: secretAccessKey } = settings;
  if (accessKeyId === undefined || secretAccessKey === undefined)
    throw new ConfigError(['S3_BUCKET needs S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY beside it']);
  const { s3Store } = await import('@labwright/files/stores/s3');
  return ({ clock }) =>
    s3Store({
      bucket,
      clock,
      accessKeyId,
      secretAccessKey,
      region: settings.S3_REGION ?? 'us-east-1',
      endpoint: settings.S3_ENDPOINT,
      pathStyle: settings.S3_PATH_STYLE,
    });
}

/** Where browsers send files to and fetch them from, where that is not the hub itself. */
export function filesOriginOf(settings: FileSettings): string | undefined {
  const { S3_BUCKET: bucket, S3_ENDPOINT: endpoint, S3_REGION: region = 'us-east-1' } = settings;
  if (bucket === undefined) return undefined;
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  if (!settings.S3_PATH_STYLE) url.hostname = `${bucket}.${url.hostname}`;
  return url.origin;
}
