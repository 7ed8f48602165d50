import fc, { type Arbitrary } from 'fast-check';

/** As much of OpenAPI 3.1 as there is in our documents. */
interface Schema {
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  properties?: Record<string, Schema>;
  required?: string[];
  items?: Schema;
  format?: string;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  maximum?: number;
  minItems?: number;
  maxItems?: number;
}
interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required?: boolean;
  schema?: Schema;
}
export interface Operation {
  parameters?: Parameter[];
  requestBody?: { content?: Record<string, { schema?: Schema }> };
}
export interface Request {
  method: string;
  url: string;
  headers: Record<string, string>;
  payload?: string;
}

interface Reference {
  paths: Record<string, unknown>;
  components?: { schemas?: Record<string, unknown> };
}

/** The reference with every schema where it is used. */
export function inFull({ paths, components }: Reference): { paths: Record<string, unknown> } {
  const inPlace = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (Array.isArray(value)) return value.map(inPlace);
    const { $ref, ...own } = value as { $ref?: string };
    const name = $ref?.split('/').at(-1);
    const members = name === undefined ? own : { ...(components?.schemas?.[name] as object), ...own };
    return Object.fromEntries(Object.entries(members).map(([key, member]) => [key, inPlace(member)]));
  };
  return { paths: inPlace(paths) as Record<string, unknown> };
}

/** What breaks programs that trust their input. */
const nasty = fc.oneof(
  fc.constantFrom<unknown>(
    '',
    ' ',
    '\u0000',
    'a\u0000b',
    '\ud800',
    '%00',
    '%zz',
    '../../etc/passwd',
    '__proto__',
    'constructor',
    "'; DROP TABLE devices; --",
    '<script>alert(1)</script>',
    '{{7*7}}',
    '#{7*7}',
    '\r\nX-Injected: yes',
    '-1',
    '1e309',
    'NaN',
    '9223372036854775808',
    '0001-01-01',
    '99999-12-31T00:00:00Z',
    '2026-02-30',
    'x'.repeat(5_000),
    '𝒳'.repeat(300),
    '/',
    '//evil.example',
    'javascript:alert(1)',
    null,
    true,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    [],
    {},
    [[[[[]]]]],
    { $ne: null },
  ),
  fc.string({ unit: 'binary', maxLength: 40 }),
  fc.json({ maxDepth: 3 }),
);

/** Of a waiting answer: it may wait as long as it is asked to. */
const isWait = (name: string) => /^wait(_seconds)?$/.test(name);

/** Values of this schema, for the most part; now and then something else altogether. */
function someOf(schema: Schema | undefined, known: readonly string[], depth = 0): Arbitrary<unknown> {
  const proper = properOf(schema ?? {}, known, depth);
  return fc.oneof({ weight: 14, arbitrary: proper }, { weight: 1, arbitrary: nasty });
}

function properOf(schema: Schema, known: readonly string[], depth: number): Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const);
  if (schema.enum) return fc.constantFrom(...schema.enum);
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices && choices.length > 0)
    return fc.oneof(...choices.map((choice) => someOf(choice, known, depth + 1)));
  if (schema.allOf?.[0]) return properOf(Object.assign({}, ...schema.allOf), known, depth);
  const type = [schema.type].flat()[0] ?? (schema.properties ? 'object' : undefined);
  switch (type) {
    case 'string':
      return textOf(schema, known);
    case 'integer': {
      const min = Math.max(schema.minimum ?? -5, Number.MIN_SAFE_INTEGER);
      return fc.integer({ min, max: Math.max(min, Math.min(schema.maximum ?? min + 1_000, 2 ** 31 - 1)) });
    }
    case 'number': {
      const min = schema.minimum ?? -1_000;
      return fc.double({ min, max: Math.max(min, schema.maximum ?? min + 1_000_000), noNaN: true });
    }
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    case 'array': {
      const minLength = schema.minItems ?? 0;
      return fc.array(someOf(schema.items, known, depth + 1), {
        minLength,
        maxLength: Math.max(minLength, Math.min(schema.maxItems ?? 5, 5)),
      });
    }
    case 'object':
      return depth > 6 ? fc.constant({}) : objectOf(schema, known, depth);
    default:
      return fc.oneof(
        fc.jsonValue({ maxDepth: 2 }),
        fc.dictionary(fc.string({ maxLength: 8 }), fc.jsonValue({ maxDepth: 1 })),
      );
  }
}

function objectOf(
  { properties = {}, required = [] }: Schema,
  known: readonly string[],
  depth: number,
): Arbitrary<unknown> {
  const members = Object.entries(properties).map(([name, schema]) => {
    const value = isWait(name)
      ? fc.constantFrom<unknown>(0, 0.05, -1, 'x')
      : someOf(schema, known, depth + 1);
    const kept = required.includes(name) ? 12 : 1;
    return [
      name,
      fc.oneof({ weight: kept, arbitrary: value }, { weight: 1, arbitrary: fc.constant(undefined) }),
    ] as const;
  });
  return fc
    .tuple(fc.record(Object.fromEntries(members)), fc.integer({ min: 0, max: 20 }), nasty)
    .map(([value, dice, odd]) => (dice === 0 ? { ...value, not_known_here: odd } : value));
}

function textOf(
  { format, pattern, minLength = 0, maxLength = 60 }: Schema,
  known: readonly string[],
): Arbitrary<unknown> {
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString());
  if (format === 'date')
    return fc
      .date({ noInvalidDate: true, min: new Date(0), max: new Date(4e12) })
      .map((date) => date.toISOString().slice(0, 10));
  if (format === 'uuid') return fc.uuid();
  if (format === 'email') return fc.emailAddress();
  if (format === 'uri') return fc.webUrl();
  const free = fc.string({
    minLength,
    maxLength: Math.min(Math.max(minLength, maxLength), 80),
    unit: 'grapheme',
  });
  const plain = fc.constantFrom(...known);
  return pattern ? fc.oneof(fc.stringMatching(safePattern(pattern)), plain) : fc.oneof(free, plain);
}

/** A pattern that can't be turned round gives nothing to try: anything does then. */
function safePattern(pattern: string): RegExp {
  try {
    const regex = new RegExp(pattern);
    fc.stringMatching(regex);
    return regex;
  } catch {
    return /^[a-z]{1,8}$/;
  }
}

/** Requests for one operation of the reference: whole ones, broken ones, and what only looks like one. */
export function requestsOf(
  method: string,
  path: string,
  operation: Operation,
  known: readonly string[],
): Arbitrary<Request> {
  const parameters = operation.parameters ?? [];
  const of = (place: Parameter['in']) => parameters.filter((parameter) => parameter.in === place);
  const text = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''));

  const inPath = fc.tuple(
    ...of('path').map(({ schema }) =>
      fc.oneof(
        { weight: 3, arbitrary: fc.constantFrom<unknown>(...known) },
        { weight: 1, arbitrary: someOf(schema, known) },
      ),
    ),
  );
  const inQuery = fc.tuple(
    ...of('query').map(({ name, schema, required }) => {
      const value = isWait(name) ? fc.constantFrom<unknown>(0, 0.05, '', 'x', -1) : someOf(schema, known);
      return fc.tuple(
        fc.constant(name),
        fc.oneof(
          { weight: required ? 9 : 1, arbitrary: value },
          { weight: 1, arbitrary: fc.constant(undefined) },
        ),
      );
    }),
  );
  const types = Object.entries(operation.requestBody?.content ?? {});
  const body: Arbitrary<{ type: string; text: string } | undefined> =
    types.length === 0
      ? fc.oneof({ weight: 6, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: junk() })
      : fc.oneof(
          ...types.map(([type, { schema }]) => ({
            weight: 9,
            arbitrary: someOf(schema, known).map((value) => ({
              type,
              text: /json/.test(type) ? (JSON.stringify(value) ?? '') : text(value),
            })),
          })),
          { weight: 1, arbitrary: junk() },
          { weight: 1, arbitrary: fc.constant(undefined) },
        );
  const extra = fc.oneof(
    { weight: 8, arbitrary: fc.constant({}) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(
          fc.constantFrom(
            'accept',
            'if-match',
            'if-none-match',
            'idempotency-key',
            'range',
            'traceparent',
            'x-request-id',
            'accept-encoding',
            'content-encoding',
            'cookie',
            'tus-resumable',
            'upload-length',
          ),
          fc.stringMatching(/^[\x20-\x7e]{0,60}$/),
        )
        .map(([name, value]) => ({ [name]: value })),
    },
  );

  return fc.tuple(inPath, inQuery, body, extra).map(([ids, query, sent, headers]) => {
    const place = path.replaceAll(/\{[^}]+\}/g, () => encode(text(ids.shift())) || '-');
    const search = query
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${encode(name)}=${encode(text(value))}`)
      .join('&');
    return {
      method: method.toUpperCase(),
      url: search === '' ? place : `${place}?${search}`,
      headers: { ...headers, ...(sent ? { 'content-type': sent.type } : {}) },
      ...(sent ? { payload: sent.text } : {}),
    };
  });
}

/** Half a character cannot stand in a URL: it goes as bytes that are no UTF-8. */
const encode = (value: string) => (value.isWellFormed() ? encodeURIComponent(value) : '%ed%a0%80');

function junk(): Arbitrary<{ type: string; text: string }> {
  return fc.record({
    type: fc.constantFrom(
      'application/json',
      'text/plain',
      'text/csv',
      'multipart/form-data',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded',
      'application/offset+octet-stream',
      'x',
      '',
    ),
    text: fc.oneof(
      fc.constantFrom(
        '{',
        '[',
        'null',
        '""',
        '{"a":',
        '{"__proto__":{"x":1}}',
        '--x\r\n\r\n',
        `${'['.repeat(3_000)}${']'.repeat(3_000)}`,
        '"\\ud800"',
      ),
      fc.string({ unit: 'binary', maxLength: 200 }),
    ),
  });
}
