import type { Field, FormValues } from '@labwright/contract-hub/tasks';
import { UsageError } from '@labwright/kernel/command-line';

/**
 * The values of a form out of `name=value`, each as its field has it. What is none of its type goes as it was typed: the service says
 * what is wrong with it. Throws `UsageError` where there is no `=`, or a name comes twice.
 */
export function readValues(fields: readonly Field[], given: readonly string[]): FormValues {
  const values: FormValues = {};
  for (const text of given) {
    const at = text.indexOf('=');
    const name = text.slice(0, at).trim();
    if (at < 1 || name === '') throw new UsageError(`--set takes NAME=VALUE, not "${text}".`);
    if (Object.hasOwn(values, name)) throw new UsageError(`--set names ${name} twice.`);
    const type = fields.find((field) => field.name === name)?.type ?? 'text';
    values[name] = typedValue(type, text.slice(at + 1));
  }
  return values;
}

const yesNo = new Map([
  ['yes', true],
  ['true', true],
  ['no', false],
  ['false', false],
]);

function typedValue(type: Field['type'], text: string): FormValues[string] {
  if (type === 'yes_no') return yesNo.get(text.trim().toLowerCase()) ?? text;
  if (type !== 'number' || text.trim() === '') return text;
  const number = Number(text);
  return Number.isFinite(number) ? number : text;
}

/** What a field takes, in words: `0 to 200 uL`, `yes or no`. */
export function takesOf(field: Field): string {
  switch (field.type) {
    case 'number':
      return numberText(field);
    case 'choice':
      return (field.options ?? []).join(' | ');
    case 'yes_no':
      return 'yes or no';
    case 'date':
      return `a day, YYYY-MM-DD${bounds(field.earliest, field.latest)}`;
    case 'barcode':
      return field.expected ? `a barcode: ${shortly(field.expected)}` : 'a barcode';
    case 'text':
      return 'text';
  }
}

function numberText({ minimum, maximum, unit, whole }: Field): string {
  const kind = whole ? 'whole number' : 'number';
  const range =
    minimum === undefined && maximum === undefined ? '' : `, ${minimum ?? '…'} to ${maximum ?? '…'}`;
  return `${kind}${range}${unit ? ` ${unit}` : ''}`;
}

const bounds = (earliest: string | undefined, latest: string | undefined) =>
  earliest || latest ? `, ${earliest ?? '…'} to ${latest ?? '…'}` : '';

const shortly = (all: readonly string[]) =>
  all.length > 5 ? `${all.slice(0, 5).join(', ')} or ${all.length - 5} more` : all.join(', ');
