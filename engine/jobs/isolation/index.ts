export {
  HandlerCrashed,
  HandlerKilled,
  type Isolation,
  type IsolationOptions,
  openIsolation,
} from './isolation.ts';
export { HandlersNotLoaded, loadHandlers } from './load-handlers.ts';
