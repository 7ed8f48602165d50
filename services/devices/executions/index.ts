import { demandApproval, readApproval } from '@labwright/audit';
import { deviceErrors, type Execution } from '@labwright/contract-devices';
import { createWorker, type Handler, jobMetrics, type Worker } from '@labwright/jobs';
import { commonErrors, type Fault } from '@labwright/kernel/errors';
import type { App } from '@labwright/kernel/http';
import { deviceNotFound } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { abortExecution } from './abort.ts';
import { adoptExecutions } from './adopt.ts';
import { beginOrFind } from './begin.ts';
import { createCarrier } from './carrier.ts';
import { queueOfType } from './job.ts';
import { executionMetrics } from './metrics.ts';
import { type CheckOperationRequest, type ExecuteRequest, faultsOf } from './request.ts';
import { type Abort, executionRoutes } from './routes.ts';
import { findExecution, situationOf } from './statements.ts';
import { readTiding, tidingsChannel } from './tidings.ts';
import { createWaitingRoom } from './waiting.ts';

export interface Executions {
  /** What a worker needs to carry out operations: one queue a device type. */
  readonly jobs: { readonly queues: readonly string[]; readonly handlers: readonly Handler[] };
  /** Carries out what is asked for, where this process has a worker, at once and from then on. */
  start(): Promise<void>;
  /** Begins nothing new, waits a bounded time for what runs, and leaves the rest to the next process. */
  stop(): Promise<void>;
  /**
   * Does an operation once for each execution_id. Answers its outcome, or how it stands after `wait_seconds`.
   * Throws `device_not_found`, `unknown_device_type`, `unknown_operation`, `validation_failed`, `not_the_holder`,
   * `device_paused`, `device_operating`, `execution_id_reused`, and `overloaded` while it stops.
   */
  execute(request: ExecuteRequest): Promise<Execution>;
  /** Throws `execution_not_found`. */
  getExecution(executionId: string): Promise<Execution>;
  /** Every fault of the parameters; empty where all is well. Throws `device_not_found`, `unknown_device_type`. */
  checkOperation(request: CheckOperationRequest): Promise<Fault[]>;
  routes(app: App): void;
}

export function createExecutions(deps: DevicesDeps): Executions {
  const { clock, db, log, models, settings, transport } = deps;
  const waiting = createWaitingRoom(clock);
  const count = executionMetrics(deps.metrics, () => carrier.running());
  /** It ended here, or by our doing. */
  const ended = (execution: Execution) => {
    deps.announce();
    waiting.tell(execution);
    count(execution);
  };
  const carrier = createCarrier(deps, waiting, ended);
  const jobs = { queues: [...models.keys()].map(queueOfType), handlers: [carrier.handler] };
  const worker: Worker | undefined = transport
    ? createWorker({
        db,
        log,
        ...jobs,
        transport: transport(db),
        concurrency: settings.operationsAtOnce,
        leaseMs: settings.leaseMs,
        drainMs: settings.drainMs,
        observer: jobMetrics(deps.metrics, db, jobs.queues, {
          running: () => worker?.running ?? 0,
          concurrency: settings.operationsAtOnce,
        }),
      })
    : undefined;
  const stopping = new AbortController();
  /** Requests that are about to put something on record. */
  const beginning = new Set<Promise<unknown>>();
  let stopListening = () => {};
  let looking: Promise<void> | undefined;
  let stopped: Promise<void> | undefined;

  const getExecution = async (executionId: string): Promise<Execution> => {
    const execution = await db.first(findExecution, [executionId]);
    if (execution) return execution;
    throw deviceErrors.problem(
      'execution_not_found',
      `There is no execution "${executionId}". GET /execution-logs lists what the devices did.`,
    );
  };

  /** Whoever settles it tells us; that may get lost where it is another process, so that is looked up now and then. */
  const untilEnded = async (begun: Execution, waitSeconds: number): Promise<Execution> => {
    const deadline = clock.now() + waitSeconds * 1_000;
    let execution = begun;
    for (;;) {
      const left = deadline - clock.now();
      if (execution.status !== 'running' || left <= 0 || stopping.signal.aborted) return execution;
      const ms = carrier.has(execution) ? left : Math.min(left, settings.feedPollMs);
      const outcome = await waiting.wait(execution, ms, stopping.signal);
      if (outcome) return outcome;
      execution = (await db.first(findExecution, [execution.execution_id])) ?? execution;
    }
  };

  const execute = async (request: ExecuteRequest): Promise<Execution> => {
    if (stopping.signal.aborted)
      throw commonErrors.problem(
        'overloaded',
        'device-service is stopping; nothing was done. Try again shortly.',
        { retryAfter: 2 },
      );
    const begin = beginOrFind(deps, request);
    beginning.add(begin);
    const execution = await begin.finally(() => beginning.delete(begin));
    return untilEnded(execution, request.wait_seconds);
  };

  const abort: Abort = async (deviceId, { waitSeconds, ...given }) => {
    const subject = `device:${deviceId}`;
    const approval = await readApproval(deps.audit, { action: 'operation.abort', subject, ...given });
    demandApproval(deps.audit, approval, 'stop what a device is doing');
    const reason = approval.reason ?? 'stopped by hand';
    const execution = await abortExecution(deps, deviceId, reason, approval);
    if (execution.status === 'running') carrier.abort(execution, reason);
    else ended(execution);
    return untilEnded(execution, waitSeconds);
  };

  const checkOperation = async (request: CheckOperationRequest): Promise<Fault[]> => {
    const device = await db.first(situationOf, [request.device_id, null]);
    if (!device) throw deviceNotFound(request.device_id);
    return faultsOf(models, device, request);
  };

  const hear = (payload: string) => {
    const tiding = readTiding(payload);
    if (tiding?.kind === 'abort') carrier.abort(tiding, 'somebody asked for it');
    if (tiding?.kind !== 'ended') return;
    deps.announce();
    waiting.wake(tiding);
  };

  /** What tidings would have told, what nobody carries out, and drivers that are of no use any more. */
  const look = async () => {
    while (!stopping.signal.aborted) {
      try {
        await carrier.lookForAborts();
        await adoptExecutions(deps, stopping.signal);
        await carrier.tidyDrivers();
      } catch (error) {
        log.error({ err: error }, 'looking after the executions failed; it is tried again');
      }
      await clock.sleep(settings.repairMs, stopping.signal).catch(() => {});
    }
  };

  const stop = async (): Promise<void> => {
    stopping.abort(new Error('device-service stops'));
    await Promise.allSettled(beginning);
    await worker?.stop();
    stopListening();
    await looking;
    await carrier.close();
  };

  return {
    jobs,
    start: async () => {
      stopListening = await db.listen(tidingsChannel, {
        onMessage: hear,
        onGap: () => void carrier.lookForAborts().catch(() => {}),
      });
      looking ??= look();
      await worker?.start();
    },
    stop: () => {
      stopped ??= stop();
      return stopped;
    },
    execute,
    getExecution,
    checkOperation,
    routes: (app) => executionRoutes(app, { execute, getExecution, abort }),
  };
}
