/** The promise between Labwright and its instruments, and what makes it easy to keep. */
export type {
  Command,
  Driver,
  DriverModel,
  Failure,
  FollowOptions,
  Inquiry,
  OpenOptions,
  Outcome,
  Unknown,
} from './driver.ts';
export {
  DriverError,
  type DriverErrorCode,
  driverErrors,
  type FailureCode,
  failures,
  isDriverError,
} from './errors.ts';
export { type GuardOptions, guardedDriver } from './guard.ts';
export { failed, type Hardware, type PlannedCommand, type Sighting } from './hardware.ts';
export { type JournalOptions, journalMemory } from './memory/journal.ts';
export type { CommandRecord, Ledger } from './memory/ledger.ts';
export { type CommandMemory, processMemory } from './memory/memory.ts';
export {
  count,
  defineOperation,
  describeOperation,
  type OperationDefinition,
  type OperationDescription,
  type OperationSpec,
  operationMap,
  type QuantityOptions,
  quantity,
} from './operation.ts';
export { type DriverRegistry, driverRegistry, estimateSeconds } from './registry.ts';
export { validateObject, validateParameters } from './validation.ts';
