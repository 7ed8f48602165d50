import { validateObject } from '@labwright/driver-kit';
import type { Fault } from '@labwright/kernel/errors';
import { type Static, type TObject, Type } from 'typebox';

const reach = {
  operations: Type.Optional(
    Type.Array(Type.String(), {
      minItems: 1,
      description: 'Which operations it strikes; all of them if left out.',
    }),
  ),
  probability: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Of striking a command. Neither this nor `next`: every command.',
    }),
  ),
  next: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Strikes that many commands and is then used up.' }),
  ),
};
const closed = { additionalProperties: false };

const kinds = {
  fail: Type.Object(
    {
      kind: Type.Literal('fail'),
      code: Type.Optional(
        Type.String({ pattern: '^[a-z][a-z0-9_]*$', description: 'Default: how it usually fails.' }),
      ),
      message: Type.Optional(Type.String({ minLength: 1 })),
      after_fraction: Type.Optional(
        Type.Number({ minimum: 0, maximum: 1, description: 'When, of the duration.' }),
      ),
      ...reach,
    },
    { ...closed, description: 'Ends in a definite failure.' },
  ),
  slow: Type.Object(
    { kind: Type.Literal('slow'), factor: Type.Number({ exclusiveMinimum: 0, maximum: 1000 }), ...reach },
    { ...closed, description: 'Takes `factor` times as long.' },
  ),
  hang: Type.Object(
    { kind: Type.Literal('hang'), ...reach },
    { ...closed, description: 'Does not finish until the faults are cleared.' },
  ),
  disconnect: Type.Object(
    { kind: Type.Literal('disconnect'), ...reach },
    { ...closed, description: 'The line breaks once the order has arrived; the instrument goes on.' },
  ),
};

export type InjectedFault = Static<(typeof kinds)[keyof typeof kinds]>;

/** The settings of a simulated device: plain JSON, stored with the device. */
export const simulatorSettings = Type.Object(
  {
    speed: Type.Number({
      exclusiveMinimum: 0,
      maximum: 1_000_000,
      default: 1,
      description: 'How many times faster than a real instrument: 60 makes a minute pass in a second.',
    }),
    jitter: Type.Number({
      minimum: 0,
      maximum: 0.5,
      default: 0.03,
      description: 'By which fraction durations vary, up and down.',
    }),
    seed: Type.Integer({ default: 1, description: 'Of all that is left to chance.' }),
    faults: Type.Array(Type.Union(Object.values(kinds)), { default: [], maxItems: 100 }),
  },
  closed,
);

export interface SimulatorSettings {
  speed: number;
  jitter: number;
  seed: number;
  faults: InjectedFault[];
}

// A union says of a wrong member only that it is wrong: the faults are checked one by one, by their kind.
const outer = Type.Object(
  { ...simulatorSettings.properties, faults: Type.Array(Type.Unknown(), { default: [] }) },
  closed,
);

/** Settings with their defaults, or every fault with its path. `operations` are those that a fault may name. */
export function checkSettings(
  settings: unknown,
  operations: ReadonlySet<string>,
): { settings: SimulatorSettings } | { faults: Fault[] } {
  const checked = validateObject(outer, settings ?? {}, 'settings');
  if ('faults' in checked) return checked;
  const { speed, jitter, seed, faults } = checked.value as Static<typeof outer>;
  if (faults.length > 100) return { faults: [{ path: 'settings.faults', message: 'must be at most 100' }] };
  const injected: InjectedFault[] = [];
  const wrong: Fault[] = [];
  for (const [at, fault] of faults.entries()) {
    const one = checkFault(fault, operations, `settings.faults[${at}]`);
    if ('faults' in one) wrong.push(...one.faults);
    else injected.push(one.fault);
  }
  return wrong.length > 0 ? { faults: wrong } : { settings: { speed, jitter, seed, faults: injected } };
}

/** One fault, or what is wrong with it. */
export function checkFault(
  fault: unknown,
  operations: ReadonlySet<string>,
  at: string,
): { fault: InjectedFault } | { faults: Fault[] } {
  const schema = schemaOf(fault);
  if (!schema)
    return { faults: [{ path: `${at}.kind`, message: `must be one of ${Object.keys(kinds).join(', ')}` }] };
  const checked = validateObject(schema, fault, at);
  if ('faults' in checked) return checked;
  const injected = checked.value as InjectedFault;
  const faults: Fault[] = [];
  if (injected.probability !== undefined && injected.next !== undefined) {
    faults.push({ path: at, message: 'has a probability or a number of next commands, not both' });
  }
  for (const [index, name] of (injected.operations ?? []).entries()) {
    if (operations.has(name)) continue;
    const known = [...operations].join(', ');
    faults.push({
      path: `${at}.operations[${index}]`,
      message: `is no operation of this device; it has: ${known}`,
    });
  }
  return faults.length > 0 ? { faults } : { fault: injected };
}

function schemaOf(fault: unknown): TObject | undefined {
  if (typeof fault !== 'object' || fault === null || !('kind' in fault)) return undefined;
  return Object.entries(kinds).find(([kind]) => kind === fault.kind)?.[1];
}
