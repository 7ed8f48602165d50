import type { Booking, Device, EventPage, Execution, HolderWait, Priority, QueueEntry } from './schemas.ts';

/**
 * What another service may ask of the instruments. Kept by the object in the same process and by the HTTP
 * client, and one conformance suite runs on both.
 *
 * Every call rejects with a `Problem`: one of `deviceErrors`, `commonErrors`, or
 * - `device_service_unreachable`: the request certainly had no effect (the connection was refused);
 * - `device_service_no_answer`: nobody knows whether it had. All calls may be repeated safely.
 */
export interface DevicesApi {
  getDevice(deviceId: string): Promise<Device>;

  /** Books for this workflow, or answers the booking that it holds already. Busy: `device_busy`. */
  book(request: { device_id: string; workflow_id: string; operations?: string[] }): Promise<Booking>;

  /**
   * Books where the device is free, else enters the queue; asked again it answers how things stand.
   * `booking` is set where the workflow holds the device now.
   */
  enqueue(request: {
    device_id: string;
    workflow_id: string;
    priority?: Priority;
    operations?: string[];
  }): Promise<{ entry: QueueEntry; booking: Booking | null }>;

  /**
   * Makes sure that this workflow neither holds the device nor waits for it: releases its booking (only
   * `booking_id`, where that is given) and cancels its queue entry. With nothing to do it does nothing.
   * Refused with `device_operating` while an operation runs.
   */
  withdraw(request: {
    device_id: string;
    workflow_id: string;
    booking_id?: string;
    reason?: string;
  }): Promise<void>;

  /**
   * Does an operation once for each `execution_id`. Answers when it has ended, or after `wait_seconds` with
   * status `running`: `execution.finished` then tells the outcome.
   */
  execute(request: {
    device_id: string;
    workflow_id: string;
    /** Only under this booking. */
    booking_id?: string;
    operation: string;
    parameters: Record<string, unknown>;
    execution_id: string;
    wait_seconds: number;
  }): Promise<Execution>;

  /**
   * Notes that the holder waits for somebody, so that no estimate pretends to know when the device is free: for `for_seconds`, or until
   * the holder begins an operation. While it lasts it is told again. Of a booking that is over: `not_the_holder`.
   */
  noteWait(request: {
    device_id: string;
    workflow_id: string;
    booking_id: string;
    wait: HolderWait;
    for_seconds: number;
  }): Promise<void>;

  getExecution(executionId: string): Promise<Execution>;

  /** Faults of parameters for an operation of a device, before anything is stored; empty where all is well. */
  checkOperation(request: {
    device_id: string;
    operation: string;
    parameters: Record<string, unknown>;
  }): Promise<{ path: string; message: string }[]>;

  /**
   * What happened after the cursor, oldest first, at most 200; waits up to `wait_seconds` for something new.
   * Without a cursor: from the oldest event that is kept.
   */
  events(request: { cursor?: string; wait_seconds: number; signal?: AbortSignal }): Promise<EventPage>;
}
