import {
  approvalFields,
  ExecuteAnswer,
  ExecuteRequest as ExecuteBody,
  Execution,
} from '@labwright/contract-devices';
import { type App, answers } from '@labwright/kernel/http';
import Type from 'typebox';
import type { ExecuteRequest } from './request.ts';

const defaultWaitSeconds = 30;
const AbortRequest = Type.Object(
  {
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    wait_seconds: Type.Optional(Type.Number({ minimum: 0, maximum: 60 })),
    signature: approvalFields.signature,
  },
  { additionalProperties: false },
);

export type Abort = (
  deviceId: string,
  request: { reason?: string; signature?: string; waitSeconds: number },
) => Promise<Execution>;

export function executionRoutes(
  app: App,
  executions: {
    execute(request: ExecuteRequest): Promise<Execution>;
    getExecution(executionId: string): Promise<Execution>;
    abort: Abort;
  },
): void {
  const tags = ['executions'];

  app.post(
    '/devices/:id/abort',
    {
      config: { access: 'operator', bodyOptional: true },
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
      const { wait_seconds: waitSeconds = 10, ...given } = body;
      const execution = await executions.abort(params.id, { ...given, waitSeconds });
      if (execution.status === 'running') reply.code(202);
      return { message: messageOf(execution), execution };
    },
  );

  app.post(
    '/devices/:id/execute',
    {
      config: { access: 'scientist' },
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
      config: { access: 'viewer' },
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
