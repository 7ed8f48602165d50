import type { Fault } from '../../api/problem.ts';
import type { TaskAnswers, TaskField } from './task.ts';

/** What stands in the fields, as it was typed. */
export type Draft = Readonly<Record<string, string>>;

/** What is handed in: numbers as numbers, yes and no as such, and nothing of what was left empty. The service judges it. */
export function answersOf(fields: readonly TaskField[], draft: Draft): TaskAnswers {
  const answers: TaskAnswers = {};
  for (const { name, type } of fields) {
    const text = draft[name]?.trim() ?? '';
    if (text === '') continue;
    if (type === 'yes_no') answers[name] = text === 'yes';
    else if (type === 'number') {
      const number = Number(text.replace(',', '.'));
      answers[name] = Number.isFinite(number) ? number : text;
    } else answers[name] = text;
  }
  return answers;
}

/** What can be said before it is handed in: one sentence a field. */
export function faultsIn(fields: readonly TaskField[], draft: Draft): Record<string, string> {
  const answers = answersOf(fields, draft);
  const faults: Record<string, string> = {};
  for (const field of fields) {
    const fault = faultOf(field, answers[field.name]);
    if (fault !== undefined) faults[field.name] = fault;
  }
  return faults;
}

function faultOf(field: TaskField, value: TaskAnswers[string] | undefined): string | undefined {
  if (value === undefined) return field.optional ? undefined : 'Fill this in.';
  const unit = field.unit ? ` ${field.unit}` : '';
  switch (field.type) {
    case 'number':
      if (typeof value !== 'number') return 'This is not a number.';
      if (field.whole && !Number.isInteger(value)) return 'Enter a whole number.';
      if (field.minimum !== undefined && value < field.minimum) return `At least ${field.minimum}${unit}.`;
      if (field.maximum !== undefined && value > field.maximum) return `At most ${field.maximum}${unit}.`;
      return undefined;
    case 'barcode':
      return field.expected && !field.expected.includes(String(value))
        ? `This is not the expected code. Expected: ${field.expected.slice(0, 5).join(', ')}${field.expected.length > 5 ? ', …' : ''}.`
        : undefined;
    case 'date':
      if (field.earliest !== undefined && String(value) < field.earliest)
        return `Not before ${field.earliest}.`;
      if (field.latest !== undefined && String(value) > field.latest) return `Not after ${field.latest}.`;
      return undefined;
    default:
      return undefined;
  }
}

/** The faults that the service named, at their fields: `body.values.volume`. */
export function faultsAtFields(faults: readonly Fault[]): Record<string, string> {
  return Object.fromEntries(
    faults.flatMap(({ path, message }) => {
      const name = /^(?:body\.)?values\.([a-z0-9_]+)$/.exec(path)?.[1];
      return name === undefined ? [] : [[name, message]];
    }),
  );
}

/** An answer, as a person reads it. */
export function answerText(field: TaskField, value: TaskAnswers[string] | undefined): string {
  if (value === undefined) return '—';
  if (typeof value === 'boolean') return value ? 'Yes' : 'No';
  return `${value}${field.unit ? ` ${field.unit}` : ''}`;
}
