export { keepLease, type Lease, LeaseLost } from './lease.ts';
export { type AcquireOptions, type Locks, LockTimeout, openLocks } from './locks.ts';
export type { LockStore } from './store.ts';
