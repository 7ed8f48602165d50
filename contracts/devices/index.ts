export type { DevicesApi } from './api.ts';
export { devicesClient, isNoAnswer, reachErrors } from './client.ts';
export { deviceErrors, othersWait } from './errors.ts';
export * from './schemas.ts';
export * from './views.ts';
