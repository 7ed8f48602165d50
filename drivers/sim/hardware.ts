import {
  type CommandMemory,
  type CommandRecord,
  DriverError,
  failed,
  type Hardware,
  type Ledger,
  type PlannedCommand,
  type Sighting,
} from '@labwright/driver-kit';
import type { Clock } from '@labwright/kernel/clock';
import { type Static, Type } from 'typebox';
import { Compile } from 'typebox/compile';
import type { FaultBox } from './faults.ts';
import type { SimulatedInstrument } from './instrument.ts';
import { seededRandom } from './random.ts';
import type { InjectedFault, SimulatorSettings } from './settings.ts';

export interface SimulatedHardwareOptions {
  device_id: string;
  instrument: SimulatedInstrument;
  settings: SimulatorSettings;
  box: FaultBox;
  memory: CommandMemory;
  clock: Clock;
  /** Called when a movement begins. */
  onMovement?: ((execution_id: string) => void) | undefined;
}

/**
 * The whole movement, decided before it begins. Together with the clock it says at any time, in any process, how
 * far the movement is: that is how the instrument goes on when the process dies.
 */
const Notes = Type.Object({
  /** Milliseconds since 1970; null while it hangs. */
  planned_end: Type.Union([Type.Number(), Type.Null()]),
  duration_ms: Type.Number({ exclusiveMinimum: 0 }),
  planned_outcome: Type.Union([
    Type.Object({ status: Type.Literal('succeeded'), result: Type.Record(Type.String(), Type.Unknown()) }),
    Type.Object({
      status: Type.Literal('failed'),
      error: Type.Object({ code: Type.String(), message: Type.String() }),
    }),
  ]),
  /** True where the line breaks once the order has arrived. */
  line_breaks: Type.Boolean(),
});
type Notes = Static<typeof Notes>;
const notes = Compile(Notes);

export function simulatedHardware(
  options: SimulatedHardwareOptions,
): Hardware & { release(): Promise<void> } {
  const { device_id, instrument, settings, box, memory, clock, onMovement } = options;
  const operations = new Map(instrument.operations.map((operation) => [operation.spec.name, operation]));
  const struck = new Map<string, InjectedFault[]>();
  let wake = () => {};
  let closed = false;

  const plan = (command: PlannedCommand, ledger: Ledger): Notes => {
    const { execution_id, operation, parameters } = command;
    const simulation = operations.get(operation);
    if (!simulation) throw new Error(`${instrument.type} has no operation ${operation}`);
    // Chance hangs on the command alone, so that a plan which is made again is the same plan.
    const random = seededRandom(settings.seed, device_id, execution_id);
    const faults = box.choose(operation, random);
    struck.set(execution_id, faults);
    const failure = faults.find((fault) => fault.kind === 'fail');
    const slowness = faults.reduce((sum, fault) => (fault.kind === 'slow' ? sum * fault.factor : sum), 1);
    const pace = (slowness * random.between(1 - settings.jitter, 1 + settings.jitter)) / settings.speed;
    const seconds =
      simulation.spec.typical_seconds(parameters) * pace * (failure?.after_fraction ?? (failure ? 0.5 : 1));
    const duration_ms = Math.max(1, Math.round(seconds * 1_000));
    const before = ledger.lastSucceeded?.end;
    const last = (name: string) => {
      const value = before?.status === 'succeeded' ? before.result[name] : undefined;
      return typeof value === 'number' ? value : undefined;
    };
    return {
      planned_end: faults.some(({ kind }) => kind === 'hang') ? null : command.accepted_at + duration_ms,
      duration_ms,
      planned_outcome: failure
        ? failureOf(instrument, failure)
        : {
            status: 'succeeded',
            result: simulation.simulate(parameters, { random, seed: settings.seed, device_id, last }),
          },
      line_breaks: faults.some(({ kind }) => kind === 'disconnect'),
    };
  };

  const look = async (record: CommandRecord): Promise<Sighting> => {
    if (closed) throw new DriverError('connection_lost', `the line to ${device_id} is closed`);
    const { detail } = record;
    if (!notes.Check(detail))
      return { status: 'unknown', reason: 'the record of the movement cannot be read' };
    const { planned_end, duration_ms, planned_outcome } = detail;
    if (planned_end === null) return { status: 'running', fraction: 0, text: `${record.operation} hangs` };
    const left = planned_end - clock.now();
    if (left <= 0) return planned_outcome;
    const fraction = Math.min(1, Math.max(0, 1 - left / duration_ms));
    return {
      status: 'running',
      fraction,
      text: `${record.operation}: ${Math.round(100 * fraction)} %`,
      // About ten looks at a movement, but one a second: it may have been stopped elsewhere.
      next_look_ms: Math.min(left, Math.max(duration_ms / 10, 50), 1_000),
    };
  };

  return {
    plan,
    look,
    start: async (record) => {
      box.spend(struck.get(record.execution_id) ?? []);
      struck.clear();
      onMovement?.(record.execution_id);
      if (record.detail.line_breaks === true) {
        throw new DriverError('connection_lost', `the line to ${device_id} broke; the instrument goes on`);
      }
      return look(record);
    },
    stop: async (record) => {
      const seen = await look(record);
      return seen.status === 'running'
        ? failed('aborted', `${record.operation} was stopped on request`)
        : seen;
    },
    onChange: (listener) => {
      wake = listener;
    },
    release: async () => {
      const record = (await memory.read()).running;
      if (!record || !notes.Check(record.detail) || record.detail.planned_end !== null) return;
      const { execution_id, detail } = record;
      const planned_end = clock.now() + detail.duration_ms;
      await memory.append({ kind: 'amend', execution_id, detail: { ...detail, planned_end } });
      wake();
    },
    close: async () => {
      closed = true;
    },
  };
}

function failureOf(
  instrument: SimulatedInstrument,
  fault: InjectedFault & { kind: 'fail' },
): Notes['planned_outcome'] {
  const code = fault.code ?? Object.keys(instrument.failures)[0] ?? 'instrument_error';
  const message = fault.message ?? instrument.failures[code] ?? `the ${instrument.type} reports ${code}`;
  return { status: 'failed', error: { code, message } };
}
