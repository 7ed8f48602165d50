/** A module of handlers that fails by itself, outside of any job, soon after it was loaded. */
export { handlers } from './handlers.ts';

setTimeout(() => void Promise.reject(new Error('the module itself failed')), 1_000);
