import {
  deviceErrors,
  ExecuteAnswer,
  ExecuteRequest as ExecuteBody,
  Execution,
} from '@labwright/contract-devices';
import { commonErrors, type Fault } from '@labwright/kernel/errors';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import { deviceNotFound } from '../bookings/lock-device.ts';
import type { DevicesDeps } from '../deps.ts';
import { beginOrFind } from './begin.ts';
import { type CheckOperationRequest, type ExecuteRequest, faultsOf } from './request.ts';
import { createRunner } from './runner.ts';
import { askToAbort, findExecution, situationOf } from './statements.ts';
import { createWaitingRoom } from './waiting.ts';

export interface Executions {
  /** Takes over what nobody carries out any more, at once and from then on. */
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

const defaultWaitSeconds = 30;
const AbortRequest = Type.Object(
  {
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    wait_seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 60 })),
  },
  { additionalProperties: false },
);
/** Milliseconds that a stop waits for operations to end. */
const graceMs = 5_000;

export function createExecutions(deps: DevicesDeps): Executions {
  const { clock, db, log, models, settings } = deps;
  const waiting = createWaitingRoom(clock);
  const runner = createRunner(deps, waiting);
  const stopping = new AbortController();
  const resting = new AbortController();
  /** Requests that are about to put something on record. */
  const beginning = new Set<Promise<unknown>>();
  const loops: Promise<void>[] = [];
  let stopped: Promise<void> | undefined;

  const getExecution = async (executionId: string): Promise<Execution> => {
    const execution = await db.first(findExecution, [executionId]);
    if (execution) return execution;
    throw deviceErrors.problem(
      'execution_not_found',
      `There is no execution "${executionId}". GET /execution-logs lists what the devices did.`,
    );
  };

  /** What this process carries out it is told of; what another one does it looks up now and then. */
  const untilEnded = async (begun: Execution, waitSeconds: number): Promise<Execution> => {
    const deadline = clock.now() + waitSeconds * 1_000;
    let execution = begun;
    for (;;) {
      const left = deadline - clock.now();
      if (execution.status !== 'running' || left <= 0 || stopping.signal.aborted) return execution;
      const ms = runner.has(execution) ? left : Math.min(left, settings.feedPollMs);
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
        {
          retryAfter: 2,
        },
      );
    const begin = beginOrFind(deps, request).then((begun) => {
      if (begun.ours) runner.take(begun);
      return begun.execution;
    });
    beginning.add(begin);
    const execution = await begin.finally(() => beginning.delete(begin));
    return untilEnded(execution, request.wait_seconds);
  };

  const abort = async (deviceId: string, reason: string, waitSeconds: number): Promise<Execution> => {
    const execution = await db.first(askToAbort, [deviceId, reason]);
    if (execution) {
      runner.abort(execution, reason);
      return untilEnded(execution, waitSeconds);
    }
    if (!(await db.first(situationOf, [deviceId, null]))) throw deviceNotFound(deviceId);
    throw deviceErrors.problem(
      'nothing_running',
      `${deviceId} is doing nothing, so there is nothing to stop.`,
    );
  };

  const checkOperation = async (request: CheckOperationRequest): Promise<Fault[]> => {
    const device = await db.first(situationOf, [request.device_id, null]);
    if (!device) throw deviceNotFound(request.device_id);
    return faultsOf(models, device, request);
  };

  /** Does `work` every `ms` milliseconds until the signal; an error is logged and the next round comes. */
  const every = async (
    ms: number,
    signal: AbortSignal,
    what: string,
    work: () => Promise<void> | void,
  ): Promise<void> => {
    for (;;) {
      await clock.sleep(ms, signal).catch(() => {});
      if (signal.aborted) return;
      try {
        await work();
      } catch (error) {
        log.error({ err: error }, `${what} failed; it is tried again`);
      }
    }
  };

  const stop = async (): Promise<void> => {
    stopping.abort(new Error('device-service stops'));
    await Promise.allSettled(beginning);
    await runner.drain(graceMs);
    resting.abort(new Error('device-service stops'));
    await Promise.all(loops);
    await runner.stop();
  };

  return {
    start: async () => {
      await runner.recover();
      loops.push(
        every(settings.leaseMs / 6, resting.signal, 'renewing the leases', () => runner.beat()),
        every(settings.repairMs, stopping.signal, 'taking over executions', async () => {
          await runner.recover();
          await runner.tidyDrivers();
        }),
      );
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

function executionRoutes(
  app: App,
  executions: Pick<Executions, 'execute' | 'getExecution'> & {
    abort(deviceId: string, reason: string, waitSeconds: number): Promise<Execution>;
  },
): void {
  const tags = ['executions'];

  app.post(
    '/devices/:id/abort',
    {
      config: { bodyOptional: true },
      schema: {
        summary: 'Stop what the device is doing',
        description:
          'For operations that hang, or must not go on. The instrument is told to stop, and the execution ends `failed` with the code `aborted`, unless it ended by itself before. 200: it has ended; 202: it has not yet after `wait_seconds` (default 10). The booking stays: the workflow is `failed`, and its step can be carried out again.',
        tags,
        params: Type.Object({ id: Type.String({ description: 'The id of the device.' }) }),
        body: AbortRequest,
        response: answers({ 200: ExecuteAnswer, 202: ExecuteAnswer }),
      },
    },
    async ({ params, body }, reply) => {
      const { reason = 'stopped by hand', wait_seconds = 10 } = body;
      const execution = await executions.abort(params.id, reason, wait_seconds);
      if (execution.status === 'running') reply.code(202);
      return { message: messageOf(execution), execution };
    },
  );

  app.post(
    '/devices/:id/execute',
    {
      schema: {
        summary: 'Carry out an operation',
        description:
          "Only the workflow that holds the device may. 200: it has ended, with the outcome in `execution.status`; 202: it goes on after `wait_seconds` (default 30). The same `execution_id` again answers the same execution and moves nothing. `execution.error.code` is the instrument's own (`clogged_tip`, …) or one of ours: `driver_unavailable` and `not_started` (nothing has moved), `outcome_unknown` and `result_not_stored` (somebody has to look).",
        tags,
        params: Type.Object({ id: Type.String({ description: 'The id of the device.' }) }),
        body: ExecuteBody,
        response: answers({ 200: ExecuteAnswer, 202: ExecuteAnswer }),
      },
    },
    async ({ params, body, actionId }, reply) => {
      const execution = await executions.execute({
        parameters: {},
        // Repeated with the same Idempotency-Key it is the same execution.
        execution_id: actionId,
        wait_seconds: defaultWaitSeconds,
        ...body,
        device_id: params.id,
      });
      if (execution.status === 'running') reply.code(202);
      return { message: messageOf(execution), execution };
    },
  );

  app.get(
    '/executions/:execution_id',
    {
      schema: {
        summary: 'How an execution stands',
        tags,
        params: Type.Object({ execution_id: Type.String() }),
        response: answers({ 200: Execution }),
      },
    },
    ({ params }) => executions.getExecution(params.execution_id),
  );
}

function messageOf({ operation, device_id, status, error, execution_id }: Execution): string {
  const what = `${operation} on ${device_id}`;
  switch (status) {
    case 'running':
      return `${what} is running; GET /executions/${execution_id} tells how it stands.`;
    case 'succeeded':
      return `${what} succeeded.`;
    case 'failed':
      return `${what} failed: ${error?.message}`;
    case 'unknown':
      return `Nobody knows what became of ${what}: ${error?.message}`;
  }
}
