import { type DevicesApi, reachErrors } from '@labwright/contract-devices';

/**
 * How a call goes wrong on its way: never arrives and the caller knows (`unreachable`) or does not know (`lost`);
 * arrives and the answer is lost (`unanswered`); arrives when the caller has given up long ago (`late`).
 */
export type Fault = 'unreachable' | 'lost' | 'unanswered' | 'late';

export interface FaultyDevices {
  readonly api: DevicesApi;
  /** Asked at every call, also at reads of the feed; undefined lets it pass. */
  fault: (call: keyof DevicesApi) => Fault | undefined;
  /** The next call of this kind goes wrong; all others pass. */
  failOnce(call: keyof DevicesApi, fault: Fault): void;
  /** How many requests are still on their way. */
  readonly stuck: number;
  /** Lets one request arrive that was given up. */
  deliver(index?: number): Promise<void>;
  readonly calls: Record<keyof DevicesApi, number>;
}

const unreachable = () =>
  reachErrors.problem('device_service_unreachable', 'device-service cannot be reached', { retryAfter: 2 });
const noAnswer = () =>
  reachErrors.problem('device_service_no_answer', 'device-service did not answer', { retryAfter: 5 });

/** The same instruments behind a network that fails as `fault` says. */
export function faultyDevices(inner: DevicesApi): FaultyDevices {
  const stuck: (() => Promise<unknown>)[] = [];
  const calls: FaultyDevices['calls'] = {
    getDevice: 0,
    book: 0,
    enqueue: 0,
    withdraw: 0,
    execute: 0,
    noteWait: 0,
    getExecution: 0,
    checkOperation: 0,
    events: 0,
  };

  /** `abandoned` is what arrives where nobody waits for the answer. */
  const through = async <T>(
    call: keyof DevicesApi,
    send: () => Promise<T>,
    abandoned: () => Promise<unknown> = send,
  ): Promise<T> => {
    calls[call] += 1;
    switch (faulty.fault(call)) {
      case 'unreachable':
        throw unreachable();
      case 'lost':
        throw noAnswer();
      case 'unanswered':
        await abandoned().catch(() => {});
        throw noAnswer();
      case 'late':
        stuck.push(abandoned);
        throw noAnswer();
      default:
        return send();
    }
  };

  const faulty: FaultyDevices = {
    fault: () => undefined,
    failOnce: (call, fault) => {
      let left = 1;
      faulty.fault = (made) => {
        if (made !== call || left === 0) return undefined;
        left -= 1;
        return fault;
      };
    },
    calls,
    get stuck() {
      return stuck.length;
    },
    deliver: async (index = 0) => {
      const [send] = stuck.splice(index, 1);
      await send?.().catch(() => {});
    },
    api: {
      getDevice: (id) => through('getDevice', () => inner.getDevice(id)),
      book: (request) => through('book', () => inner.book(request)),
      enqueue: (request) => through('enqueue', () => inner.enqueue(request)),
      withdraw: (request) => through('withdraw', () => inner.withdraw(request)),
      execute: (request) =>
        through(
          'execute',
          () => inner.execute(request),
          () => inner.execute({ ...request, wait_seconds: 0 }),
        ),
      noteWait: (request) => through('noteWait', () => inner.noteWait(request)),
      getExecution: (id) => through('getExecution', () => inner.getExecution(id)),
      checkOperation: (request) => through('checkOperation', () => inner.checkOperation(request)),
      events: (request) => through('events', () => inner.events(request)),
    },
  };
  return faulty;
}
