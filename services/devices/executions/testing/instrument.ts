import {
  type CommandMemory,
  type CommandRecord,
  type Driver,
  DriverError,
  type DriverModel,
  defineOperation,
  guardedDriver,
  type Hardware,
  type Outcome,
  operationMap,
  processMemory,
  quantity,
  type Sighting,
} from '@labwright/driver-kit';
import { Type } from 'typebox';

const parameters = Type.Object(
  {
    volume_ul: quantity({
      unit: 'µL',
      minimum: 1,
      maximum: 1_000,
      default: 100,
      description: 'Volume to move.',
    }),
    wells: Type.Optional(Type.Array(Type.String(), { maxItems: 8 })),
  },
  { additionalProperties: false },
);

const operations = operationMap([
  defineOperation({
    name: 'mix',
    description: 'Not safe to repeat.',
    parameters,
    safe_to_repeat: false,
    typical_seconds: () => 10,
  }),
  defineOperation({
    name: 'scan',
    description: 'Safe to repeat.',
    parameters,
    safe_to_repeat: true,
    typical_seconds: () => 10,
  }),
  defineOperation({
    name: 'unfitted',
    description: 'The model has it; the devices of the tests do not.',
    parameters,
    safe_to_repeat: false,
    typical_seconds: () => 10,
  }),
]);

/** What goes wrong with an instrument, until it is set otherwise. */
export interface Trouble {
  /** `open` rejects. */
  open?: boolean;
  /** The next order gets lost, or arrives and the line breaks. Used up by it. */
  order?: 'lost' | 'line_breaks';
  /** Nobody can look. */
  look?: boolean;
  /** The instrument has forgotten what it did. */
  forgets?: boolean;
}

/** A device that lives on when drivers come and go, and moves until the test says how it ended. */
export interface Instrument {
  readonly trouble: Trouble;
  /** Each movement that began, in order. */
  readonly moved: CommandRecord[];
  readonly opened: number;
  /** Drivers that are open. */
  readonly lines: number;
  /** Resolves when at least so many movements have begun. */
  movements(count: number): Promise<void>;
  /** Ends the movement in hand. */
  finish(outcome?: Outcome): void;
  /** Each movement ends as soon as it begins. */
  finishAtOnce(outcome?: Outcome): void;
}

export interface InstrumentPark {
  readonly model: DriverModel;
  /** The instrument of this device. */
  of(deviceId: string): Instrument;
  open(deviceId: string, settings: Record<string, unknown>): Promise<Driver>;
}

const done: Outcome = { status: 'succeeded', result: { moved: true } };

interface Machine extends Instrument {
  trouble: Trouble;
  opened: number;
  lines: number;
  memory: CommandMemory;
  ends: Map<string, Outcome>;
  atOnce: Outcome | undefined;
  wakes: Set<() => void>;
  watchers: Set<() => void>;
}

export function instrumentPark(): InstrumentPark {
  const machines = new Map<string, Machine>();

  const of = (deviceId: string): Machine => {
    const known = machines.get(deviceId);
    if (known) return known;
    const made = machine();
    machines.set(deviceId, made);
    return made;
  };

  const open = async (deviceId: string): Promise<Driver> => {
    const instrument = of(deviceId);
    if (instrument.trouble.open) throw new DriverError('connection_lost', 'it is switched off');
    instrument.opened += 1;
    instrument.lines += 1;
    return guardedDriver({
      device_id: deviceId,
      operations,
      hardware: lineTo(instrument),
      memory: { ...instrument.memory, close: async () => {} },
    });
  };

  const model: DriverModel = {
    type: 'mixer',
    description: 'An instrument for tests.',
    operations,
    settings: Type.Object({}),
    checkSettings: () => [],
    open: ({ device_id }) => open(device_id),
  };
  return { model, of, open };
}

function machine(): Machine {
  const ends = new Map<string, Outcome>();
  const wakes = new Set<() => void>();
  const watchers = new Set<() => void>();
  const moved: CommandRecord[] = [];
  const made: Machine = {
    trouble: {},
    moved,
    opened: 0,
    lines: 0,
    // The journal of this device, which outlives its drivers.
    memory: { ...processMemory(), durable: true },
    ends,
    atOnce: undefined,
    wakes,
    watchers,
    movements: (count) =>
      new Promise((resolve) => {
        const look = () => {
          if (moved.length < count) return;
          watchers.delete(look);
          resolve();
        };
        watchers.add(look);
        look();
      }),
    finish: (outcome = done) => {
      const last = moved.at(-1);
      if (last) ends.set(last.execution_id, outcome);
      for (const wake of wakes) wake();
    },
    finishAtOnce: (outcome = done) => {
      made.atOnce = outcome;
    },
  };
  return made;
}

/** One line to the machine; several may be open at once. */
function lineTo(instrument: Machine): Hardware {
  let closed = false;
  let wake = () => {};

  const look = async ({ execution_id }: CommandRecord): Promise<Sighting> => {
    if (closed) throw new DriverError('connection_lost', 'the line is closed');
    if (instrument.trouble.look) throw new DriverError('connection_lost', 'nobody can look');
    if (instrument.trouble.forgets) return { status: 'unknown', reason: 'the instrument was switched off' };
    const begun = instrument.moved.some((record) => record.execution_id === execution_id);
    if (!begun) return { status: 'not_started' };
    return instrument.ends.get(execution_id) ?? { status: 'running', next_look_ms: 20 };
  };

  return {
    look,
    start: async (record) => {
      const { order } = instrument.trouble;
      delete instrument.trouble.order;
      if (order === 'lost') throw new DriverError('connection_lost', 'the order got lost');
      instrument.moved.push(record);
      if (instrument.atOnce) instrument.ends.set(record.execution_id, instrument.atOnce);
      for (const watcher of [...instrument.watchers]) watcher();
      if (order === 'line_breaks') throw new DriverError('connection_lost', 'the line broke');
      return look(record);
    },
    stop: async (record) => {
      instrument.ends.set(record.execution_id, {
        status: 'failed',
        error: { code: 'aborted', message: 'It was stopped.' },
      });
      return look(record);
    },
    onChange: (listener) => {
      wake = listener;
      instrument.wakes.add(wake);
    },
    close: async () => {
      if (!closed) instrument.lines -= 1;
      closed = true;
      instrument.wakes.delete(wake);
    },
  };
}
