import type { Fault } from '@labwright/kernel/errors';
import Type, { type Static } from 'typebox';

export const fieldTypes = ['text', 'number', 'choice', 'yes_no', 'barcode', 'date'] as const;

const Day = Type.String({ pattern: '^[0-9]{4}-[0-9]{2}-[0-9]{2}$', examples: ['2026-03-31'] });

/** One question of a form. What only some types have is refused in the others (`faultsOfFields`). */
export const Field = Type.Object(
  {
    type: Type.Enum(fieldTypes),
    name: Type.String({ pattern: '^[a-z][a-z0-9_]{0,49}$', description: 'The key of its value.' }),
    label: Type.String({ minLength: 1, maxLength: 200, description: 'What the person reads.' }),
    help: Type.Optional(Type.String({ maxLength: 500 })),
    optional: Type.Optional(Type.Boolean({ description: 'May be left out; default false.' })),
    max_length: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000, description: 'Of a text; default 2,000.' }),
    ),
    unit: Type.Optional(
      Type.String({ minLength: 1, maxLength: 20, description: 'Of a number: `uL`, `°C`.' }),
    ),
    minimum: Type.Optional(Type.Number({ description: 'Of a number, in its unit.' })),
    maximum: Type.Optional(Type.Number({ description: 'Of a number, in its unit.' })),
    whole: Type.Optional(Type.Boolean({ description: 'Whole numbers only.' })),
    options: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 200 }), {
        minItems: 1,
        maxItems: 100,
        uniqueItems: true,
        description: 'Of a choice.',
      }),
    ),
    expected: Type.Optional(
      Type.Array(Type.String({ pattern: '^[\\x21-\\x7e]{1,64}$' }), {
        minItems: 1,
        maxItems: 1_000,
        uniqueItems: true,
        description: 'Of a barcode: one of these; any other was taken by mistake.',
      }),
    ),
    earliest: Type.Optional(Day),
    latest: Type.Optional(Day),
  },
  { title: 'FormField', additionalProperties: false },
);
export type Field = Static<typeof Field>;

/** What only fields of one type have. */
const ofType = {
  text: ['max_length'],
  number: ['unit', 'minimum', 'maximum', 'whole'],
  choice: ['options'],
  yes_no: [],
  barcode: ['expected'],
  date: ['earliest', 'latest'],
} as const satisfies Record<Field['type'], readonly (keyof Field)[]>;

export const Fields = Type.Array(Field, { maxItems: 100, description: 'The form, from top to bottom.' });

/** The answers, by the names of the fields. A date is `YYYY-MM-DD`, a number is in the unit of its field. */
export const FormValues = Type.Record(
  Type.String(),
  Type.Union([Type.String({ maxLength: 10_000 }), Type.Number(), Type.Boolean()]),
  { maxProperties: 100 },
);
export type FormValues = Static<typeof FormValues>;

/** What is wrong with a form although each of its members is well-formed. Paths begin with `path`. */
export function faultsOfFields(fields: readonly Field[], path: string): Fault[] {
  const seen = new Set<string>();
  return fields.flatMap((field, index) => {
    const taken = seen.has(field.name);
    seen.add(field.name);
    const faults: [member: keyof Field, message: string][] = [
      ...strangersIn(field),
      ...contradictionsIn(field),
      ...(taken ? [['name', `is taken: another field is named ${field.name}`] as [keyof Field, string]] : []),
    ];
    return faults.map(([member, message]) => ({ path: `${path}[${index}].${member}`, message }));
  });
}

function strangersIn(field: Field): [keyof Field, string][] {
  return Object.entries(ofType).flatMap(([type, members]) =>
    type === field.type
      ? []
      : members
          .filter((member) => field[member] !== undefined)
          .map((member): [keyof Field, string] => [
            member,
            `is for a field of type ${type}, and this one is ${field.type}`,
          ]),
  );
}

function contradictionsIn(field: Field): [keyof Field, string][] {
  const faults: [keyof Field, string][] = [];
  if (field.type === 'choice' && !field.options) faults.push(['options', 'is required: what to choose from']);
  if ((field.minimum ?? -Infinity) > (field.maximum ?? Infinity))
    faults.push(['minimum', 'is greater than maximum']);
  for (const limit of ['earliest', 'latest'] as const)
    if (field[limit] !== undefined && !isDay(field[limit])) faults.push([limit, 'is no day of the calendar']);
  if (field.earliest && field.latest && field.earliest > field.latest)
    faults.push(['earliest', 'is later than latest']);
  return faults;
}

/** What is wrong with the answers to a form, each at its place below `path`; empty where they will do. */
export function faultsOfValues(fields: readonly Field[], values: FormValues, path: string): Fault[] {
  const known = new Set(fields.map(({ name }) => name));
  const strangers = Object.keys(values)
    .filter((name) => !known.has(name))
    .map((name) => ({ path: `${path}.${name}`, message: 'is no field of this form' }));
  const wrong = fields.flatMap((field) => {
    const value = Object.hasOwn(values, field.name) ? values[field.name] : undefined;
    const message = value === undefined ? missing(field) : faultOf(field, value);
    return message === undefined ? [] : [{ path: `${path}.${field.name}`, message }];
  });
  return [...wrong, ...strangers];
}

const missing = (field: Field) =>
  field.optional ? undefined : `is required: ${field.label}${unitOf(field)}`;

const unitOf = ({ unit }: Field) => (unit ? ` (${unit})` : '');

/** In words, or undefined where the value is one for this field. */
function faultOf(field: Field, value: FormValues[string]): string | undefined {
  switch (field.type) {
    case 'text': {
      const most = field.max_length ?? 2_000;
      if (typeof value !== 'string') return 'must be text';
      if (value.trim() === '') return 'must not be empty';
      return value.length > most ? `must be at most ${most} characters long` : undefined;
    }
    case 'number':
      return numberFault(field, value);
    case 'choice':
      return field.options?.includes(value as string)
        ? undefined
        : `must be one of ${field.options?.join(', ')}`;
    case 'yes_no':
      return typeof value === 'boolean' ? undefined : 'must be true or false';
    case 'barcode':
      if (typeof value !== 'string' || !/^[\x21-\x7e]{1,64}$/.test(value))
        return 'must be a barcode: visible ASCII, at most 64 characters';
      return field.expected && !field.expected.includes(value)
        ? `is not the barcode that is expected here: ${shown(field.expected)}`
        : undefined;
    case 'date':
      if (typeof value !== 'string' || !isDay(value)) return 'must be a day, YYYY-MM-DD';
      if (field.earliest && value < field.earliest) return `must not be before ${field.earliest}`;
      return field.latest && value > field.latest ? `must not be after ${field.latest}` : undefined;
  }
}

function numberFault(field: Field, value: unknown): string | undefined {
  const unit = field.unit ? ` ${field.unit}` : '';
  if (typeof value !== 'number' || !Number.isFinite(value)) return `must be a number${unitOf(field)}`;
  if (field.whole && !Number.isInteger(value)) return 'must be a whole number';
  if (field.minimum !== undefined && value < field.minimum) return `must be at least ${field.minimum}${unit}`;
  return field.maximum !== undefined && value > field.maximum
    ? `must be at most ${field.maximum}${unit}`
    : undefined;
}

const shown = (names: readonly string[]) =>
  names.length > 5 ? `${names.slice(0, 5).join(', ')} or ${names.length - 5} more` : names.join(', ');

/** True for a day that the calendar has: 30 February is rolled over, and comes out as another one. */
function isDay(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\d$/.test(text)) return false;
  const time = new Date(`${text}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().slice(0, 10) === text;
}
