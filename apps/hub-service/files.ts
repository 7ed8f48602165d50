import { join } from 'node:path';
import type { OpenStore } from '@labwright/files';
import { bucketOf, type FileSettings } from '@labwright/files/settings';
import { diskStore } from '@labwright/files/stores/disk';

/** Throws a `ConfigError` where a bucket is named without its keys. The client of S3 is only loaded where there is a bucket. */
export async function openFileStore(settings: FileSettings): Promise<OpenStore> {
  const { LABWRIGHT_HOME: home = '.labwright', FILES_FOLDER: folder = join(home, 'files') } = settings;
  const bucket = bucketOf(settings);
  if (bucket === undefined) return (given) => diskStore({ ...given, folder });
  const { s3Store } = await import('@labwright/files/stores/s3');
  return ({ clock }) => s3Store({ ...bucket, clock });
}

/** Where browsers send files to and fetch them from, where that is not the hub itself. */
export function filesOriginOf(settings: FileSettings): string | undefined {
  const { S3_BUCKET: bucket, S3_ENDPOINT: endpoint, S3_REGION: region = 'us-east-1' } = settings;
  if (bucket === undefined) return undefined;
  const url = new URL(endpoint ?? `https://s3.${region}.amazonaws.com`);
  if (!settings.S3_PATH_STYLE) url.hostname = `${bucket}.${url.hostname}`;
  return url.origin;
}
