export { workerSettings } from './options.ts';
export { runWorker } from './run/run-worker.ts';
export { scale } from './supervise/scale.ts';
export { type Supervisor, superviseWorkers } from './supervise/supervisor.ts';
export { workerUsage } from './usage.ts';
