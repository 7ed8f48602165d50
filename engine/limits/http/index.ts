export { type LimitClasses, limitClasses } from './classes.ts';
export { limitRequests } from './limit-requests.ts';
export { type LimitSettings, limitSettings, loadLimits } from './settings.ts';
