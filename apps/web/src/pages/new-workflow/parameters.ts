/** What is used of the JSON schema of an operation's parameters. */
export interface Schema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly unit?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly precision?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
}

/** `list`: texts or numbers with commas between them. `json`: whatever has no field of its own. */
export type Shape = 'number' | 'choice' | 'yes_no' | 'text' | 'list' | 'json';

export function shapeOf(schema: Schema): Shape {
  if (schema.enum) return 'choice';
  if (schema.type === 'number' || schema.type === 'integer') return 'number';
  if (schema.type === 'boolean') return 'yes_no';
  if (schema.type === 'string') return 'text';
  if (schema.type === 'array' && schema.items && ['text', 'number'].includes(shapeOf(schema.items)))
    return 'list';
  return 'json';
}

/** What was typed, as what it stands for; as it is where it stands for nothing. */
export function readValue(schema: Schema, text: string): unknown {
  switch (shapeOf(schema)) {
    case 'number':
      return Number(text.replace(',', '.'));
    case 'choice':
      return schema.enum?.find((value) => String(value) === text) ?? text;
    case 'yes_no':
      return text === 'true';
    case 'text':
      return text;
    case 'list':
      return itemsOf(text).map((item) => (schema.items ? readValue(schema.items, item) : item));
    case 'json':
      try {
        return JSON.parse(text);
      } catch {
        return text;
      }
  }
}

const itemsOf = (text: string) => text.split(/[\s,;]+/).filter((item) => item !== '');

/** A value as it is typed. */
export function textOf(schema: Schema, value: unknown): string {
  if (value === undefined) return '';
  if (shapeOf(schema) === 'list' && Array.isArray(value)) return value.join(', ');
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

const unitOf = ({ unit }: Schema) => (unit === undefined || unit === '1' ? '' : ` ${unit}`);

/** What is wrong with what was typed, in words; nothing where it will do. The service looks again. */
export function faultOf(schema: Schema, text: string, required: boolean): string | undefined {
  const typed = text.trim();
  if (typed === '') return required && schema.default === undefined ? 'is required' : undefined;
  switch (shapeOf(schema)) {
    case 'number':
      return numberFault(schema, Number(typed.replace(',', '.')));
    case 'text':
      return textFault(schema, typed);
    case 'list':
      return listFault(schema, itemsOf(typed));
    case 'json':
      try {
        JSON.parse(typed);
        return undefined;
      } catch {
        return 'must be JSON';
      }
    default:
      return undefined;
  }
}

function numberFault(schema: Schema, value: number): string | undefined {
  const { minimum, maximum, type } = schema;
  if (!Number.isFinite(value)) return 'must be a number';
  if (type === 'integer' && !Number.isInteger(value)) return 'must be a whole number';
  if (minimum !== undefined && value < minimum) return `must be at least ${minimum}${unitOf(schema)}`;
  if (maximum !== undefined && value > maximum) return `must be at most ${maximum}${unitOf(schema)}`;
  return undefined;
}

function textFault({ minLength = 0, maxLength = Number.POSITIVE_INFINITY, pattern }: Schema, text: string) {
  if (text.length < minLength) return `must have ${minLength} characters or more`;
  if (text.length > maxLength) return `must have ${maxLength} characters or fewer`;
  return pattern && !new RegExp(pattern).test(text) ? `${text} is not of the right form` : undefined;
}

function listFault(
  { items, minItems = 0, maxItems = Number.POSITIVE_INFINITY }: Schema,
  list: readonly string[],
) {
  if (list.length < minItems) return `must name ${minItems} or more`;
  if (list.length > maxItems) return `must name ${maxItems} or fewer`;
  for (const item of list) {
    const fault = items && faultOf(items, item, true);
    if (fault) return fault;
  }
  return undefined;
}

/** What may be typed: `0.5 to 1000 µL, in steps of 0.1`. */
export function limitsOf(schema: Schema): string {
  const { minimum, maximum, precision } = schema;
  if (minimum === undefined || maximum === undefined) return '';
  return `${minimum} to ${maximum}${unitOf(schema)}${precision === undefined ? '' : `, in steps of ${precision}`}`;
}
