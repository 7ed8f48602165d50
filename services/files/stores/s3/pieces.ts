import { AbortMultipartUploadCommand, ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3';

/** Ends what gathers under this key in parts: such parts cost money, and no list of objects shows them. */
export async function sweepPieces(client: S3Client, Bucket: string, Key: string): Promise<void> {
  const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
  for (const { Key: found, UploadId } of Uploads)
    if (found === Key && UploadId)
      await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId }));
}
