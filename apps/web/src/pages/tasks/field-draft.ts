import { randomId } from '../../api/random-id.ts';
import type { TaskField } from './task.ts';

/** A field of a form that is being made, as it was typed. */
export interface FieldDraft {
  readonly id: string;
  readonly label: string;
  readonly type: TaskField['type'];
  readonly optional: boolean;
  readonly unit: string;
  readonly minimum: string;
  readonly maximum: string;
  /** Choices, or expected codes: one a line. */
  readonly lines: string;
}

export const draftField = (): FieldDraft => ({
  id: randomId(),
  label: '',
  type: 'text',
  optional: false,
  unit: '',
  minimum: '',
  maximum: '',
  lines: '',
});

/** The form that the drafts describe; each value has a name made of its question. */
export function fieldsOf(drafts: readonly FieldDraft[]): TaskField[] {
  const taken = new Set<string>();
  return drafts.map((draft) => {
    const { label, type, optional, unit } = draft;
    const lines = [
      ...new Set(
        draft.lines
          .split('\n')
          .map((line) => line.trim())
          .filter(Boolean),
      ),
    ];
    const number = type === 'number';
    return {
      type,
      label: label.trim(),
      name: freeName(label, taken),
      ...(optional ? { optional } : {}),
      ...(number && unit.trim() ? { unit: unit.trim() } : {}),
      ...(number ? limit('minimum', draft.minimum) : {}),
      ...(number ? limit('maximum', draft.maximum) : {}),
      ...(type === 'choice' ? { options: lines } : {}),
      ...(type === 'barcode' && lines.length > 0 ? { expected: lines } : {}),
    };
  });
}

function limit(name: 'minimum' | 'maximum', text: string): Partial<TaskField> {
  const value = Number(text.trim().replace(',', '.'));
  return text.trim() === '' || !Number.isFinite(value) ? {} : { [name]: value };
}

/** `Volume left (uL)` is `volume_left_ul`; where it is taken, `volume_left_ul_2`. */
function freeName(label: string, taken: Set<string>): string {
  const words = label
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 40);
  const base = words || 'field';
  let name = base;
  for (let count = 2; taken.has(name); count += 1) name = `${base}_${count}`;
  taken.add(name);
  return name;
}
