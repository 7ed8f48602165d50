const pauses = { firstMs: 100, longestMs: 5_000 };

/** Milliseconds before the next try: so that clients that lost one broker do not all come back at once. */
export const pauseMs = (failures: number, random = Math.random()): number =>
  Math.min(pauses.longestMs, pauses.firstMs * 2 ** Math.min(failures, 16)) * (0.5 + random / 2);

/** Whether the broker said no to what was asked: 403, 404, 405 and 406, which end the channel. */
export const isRefusal = (error: unknown): boolean =>
  error instanceof Error &&
  'code' in error &&
  typeof error.code === 'number' &&
  error.code >= 403 &&
  error.code <= 406;

/** Milliseconds that a farewell may take: on a connection that is half dead nobody answers. */
export const closeMs = 3_000;

export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/** Rejects with `NotInTime` where the promise takes longer. */
export function within<T>(ms: number, promise: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new NotInTime(`not within ${ms} ms`)), ms);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}
