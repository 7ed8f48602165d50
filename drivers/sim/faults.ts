import { DriverError } from '@labwright/driver-kit';
import type { Random } from './random.ts';
import { checkFault, type InjectedFault } from './settings.ts';

/** What is wrong with one simulated device at the moment. Strikes commands accepted from now on. */
export interface Faults {
  /** Adds a fault. Throws `DriverError` `invalid_settings` for one that makes no sense. */
  inject(fault: InjectedFault): void;
  /** Removes all faults, those of the settings included, and lets a movement that hangs go on. */
  clear(): Promise<void>;
  list(): InjectedFault[];
}

export interface FaultBox {
  inject(fault: InjectedFault): void;
  clear(): void;
  list(): InjectedFault[];
  /** The faults that would strike this operation. Uses nothing up. */
  choose(operation: string, random: Random): InjectedFault[];
  /** Uses up one strike of each. */
  spend(struck: readonly InjectedFault[]): void;
}

export function faultBox(initial: readonly InjectedFault[], operations: ReadonlySet<string>): FaultBox {
  let faults = initial.map((fault) => ({ ...fault }));
  return {
    inject: (fault) => {
      const checked = checkFault(fault, operations, 'fault');
      if ('fault' in checked) faults.push(checked.fault);
      else throw invalidSettings(checked.faults);
    },
    clear: () => {
      faults = [];
    },
    list: () => structuredClone(faults),
    choose: (operation, random) =>
      faults.filter((fault) => {
        if (fault.operations && !fault.operations.includes(operation)) return false;
        return fault.probability === undefined || random.next() < fault.probability;
      }),
    spend: (struck) => {
      for (const fault of struck) {
        if (fault.next !== undefined) fault.next -= 1;
      }
      faults = faults.filter((fault) => fault.next !== 0);
    },
  };
}

export function invalidSettings(faults: { path: string; message: string }[]): DriverError {
  const text = faults.map(({ path, message }) => `${path} ${message}`).join('; ');
  return new DriverError('invalid_settings', text, { faults });
}
