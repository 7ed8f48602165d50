import { fileStoreConformance } from '../../conformance/index.ts';
import { startCeph } from '../../testing/ceph.ts';
import { s3Store } from './index.ts';

fileStoreConformance('S3', async () => {
  const server = await startCeph();
  if (!server) return undefined;
  const buckets = await Promise.all(Array.from({ length: 30 }, () => server.bucket()));
  return {
    open: (given) => {
      const bucket = buckets.pop();
      if (bucket === undefined) throw new Error('The suite has more tests than there are buckets.');
      const { endpoint, region, accessKeyId, secretAccessKey } = server;
      return s3Store({ ...given, bucket, endpoint, region, accessKeyId, secretAccessKey, pathStyle: true });
    },
    close: () => server.stop(),
  };
});
