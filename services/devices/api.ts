import {
  BookRequest,
  CheckRequest,
  type DeviceEvent,
  type DevicesApi,
  EnqueueRequest,
  ExecuteRequest,
  NoteWaitRequest,
  ReleaseRequest,
} from '@labwright/contract-devices';
import type { Feed } from '@labwright/feed';
import { assertBody } from '@labwright/kernel/http/assert-body';
import { toProblem } from '@labwright/kernel/http/problems';
import type { TSchema } from 'typebox';
import { bookDevice } from './bookings/book-device.ts';
import { noteWait } from './bookings/note-wait.ts';
import { withdraw } from './bookings/withdraw.ts';
import type { DevicesDeps } from './deps.ts';
import type { createExecutions } from './executions/index.ts';
import { getDevice } from './instruments/get-device.ts';
import { enqueue } from './queue/enqueue.ts';

type Executions = ReturnType<typeof createExecutions>;

/** Answers exactly as the HTTP routes do: the same checks of the input, and every error a `Problem`. */
export function createDevicesApi(
  deps: DevicesDeps,
  executions: Executions,
  feed: Feed<DeviceEvent>,
): DevicesApi {
  const asProblem = async <T>(answer: Promise<T>): Promise<T> => {
    try {
      return await answer;
    } catch (error) {
      const problem = toProblem(error);
      if (problem.code === 'internal_error') deps.log.error({ err: error }, problem.message);
      throw problem;
    }
  };
  /** The device stands in the URL; all else is the body. */
  const call = async <T>(body: TSchema, request: { device_id: string }, work: () => Promise<T>) => {
    const { device_id: _id, ...rest } = request;
    assertBody(body, rest);
    return asProblem(work());
  };

  return {
    getDevice: (id) => asProblem(getDevice(deps.db, id)),
    book: (request) => call(BookRequest, request, async () => (await bookDevice(deps, request)).booking),
    enqueue: (request) =>
      call(EnqueueRequest, request, async () => {
        const { entry, booking } = await enqueue(deps, request);
        return { entry, booking };
      }),
    withdraw: (request) => call(ReleaseRequest, request, () => withdraw(deps, request)),
    execute: (request) => call(ExecuteRequest, request, () => executions.execute(request)),
    noteWait: (request) => call(NoteWaitRequest, request, () => noteWait(deps, request)),
    getExecution: (id) => asProblem(executions.getExecution(id)),
    checkOperation: (request) => call(CheckRequest, request, () => executions.checkOperation(request)),
    events: async (request) => {
      request.signal?.throwIfAborted();
      const page = await asProblem(feed.read(request));
      request.signal?.throwIfAborted();
      return page;
    },
  };
}
