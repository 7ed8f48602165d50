import { Readable } from 'node:stream';
import { S3ServiceException } from '@aws-sdk/client-s3';
import { fileErrors } from '@labwright/contract-hub/files-errors';

/** The answer within so many milliseconds. Throws `storage_unavailable` where there is none: a server that is silent must hold nobody. */
export async function within<T>(ms: number, send: (abortSignal: AbortSignal) => Promise<T>): Promise<T> {
  try {
    return await send(AbortSignal.timeout(ms));
  } catch (error) {
    // It has answered.
    if (error instanceof S3ServiceException) throw error;
    throw fileErrors.problem(
      'storage_unavailable',
      'The storage of files does not answer; nothing was changed. Try again shortly.',
      { retryAfter: 5, cause: error },
    );
  }
}

/** The answer, or undefined where there is no such object. */
export const answered = <T>(asked: Promise<T>): Promise<T | undefined> =>
  asked.catch((error: unknown) => {
    if (isAbsent(error)) return undefined;
    throw error;
  });

const isAbsent = (error: unknown): boolean =>
  error instanceof S3ServiceException && error.$metadata.httpStatusCode === 404;

export function bodyOf({ Body }: { Body?: unknown }): Readable {
  if (Body instanceof Readable) return Body;
  throw new Error('S3 answered without a body.');
}
