import { type TObject, type TSchema, Type } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { DriverError } from '../errors.ts';
import type { Entry } from './ledger.ts';

/** Says that the file is closed for further entries, and under which name its successor is being written. */
export interface Seal {
  kind: 'seal';
  draft: string;
}

/** One line of a journal file. The nonce lets a writer find its own line again among those of others. */
export interface Line {
  nonce: string;
  entry: Entry | Seal;
}

const whole = Type.Integer({ minimum: 0 });
const text = Type.String();
const json = Type.Record(Type.String(), Type.Unknown());
const end = Type.Union([
  Type.Object({ status: Type.Literal('succeeded'), result: json }),
  Type.Object({ status: Type.Literal('failed'), error: Type.Object({ code: text, message: text }) }),
  Type.Object({ status: Type.Literal('unknown'), reason: text }),
]);
const record = Type.Object({
  execution_id: text,
  digest: text,
  operation: text,
  parameters: json,
  fencing_token: whole,
  accepted_at: Type.Number(),
  detail: json,
  end: Type.Optional(end),
});

const kinds: Record<Line['entry']['kind'], TObject> = {
  accept: Type.Object({ record }),
  token: Type.Object({ fencing_token: whole }),
  amend: Type.Object({ execution_id: text, detail: json }),
  end: Type.Object({ execution_id: text, end }),
  snapshot: Type.Object({ highest_token: whole, forgotten: Type.Array(text) }),
  remember: Type.Object({ record }),
  seal: Type.Object({ draft: text }),
};

const validators = new Map(
  Object.entries(kinds).map(([kind, schema]): [string, Validator] => [kind, validatorOf(kind, schema)]),
);

function validatorOf(kind: string, schema: TObject): Validator {
  const properties: Record<string, TSchema> = schema.properties;
  return Compile(
    Type.Object({ nonce: text, entry: Type.Object({ ...properties, kind: Type.Literal(kind) }) }),
  );
}

/**
 * The line feed comes first, so that a line which a crash has torn never swallows the one after it; and a line
 * is written once its last brace is, because no shorter piece of it is JSON.
 */
export function writeLine(line: Line): Buffer {
  return Buffer.from(`\n${JSON.stringify(line)}`);
}

/**
 * A line, or undefined for one that a crash has torn (or that is still being written). Throws `memory_failed`
 * for JSON which is no line of ours: that is no torn write, and guessing could move hardware twice.
 */
export function readLine(raw: Buffer, where: string): Line | undefined {
  if (raw.length === 0) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(raw.toString());
  } catch {
    return undefined;
  }
  if (isLine(parsed)) return parsed;
  throw new DriverError(
    'memory_failed',
    `${where} has a line that this version cannot read: ${raw.subarray(0, 200)}`,
  );
}

function isLine(value: unknown): value is Line {
  if (typeof value !== 'object' || value === null || !('entry' in value)) return false;
  const { entry } = value;
  if (typeof entry !== 'object' || entry === null || !('kind' in entry)) return false;
  return validators.get(String(entry.kind))?.Check(value) ?? false;
}
