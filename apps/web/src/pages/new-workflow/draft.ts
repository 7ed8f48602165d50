import type { paths } from '@labwright/client/openapi/workflow-service';
import { type Role, roles } from '../../api/session.ts';
import { readValue, type Schema } from './parameters.ts';
import { type Picked, readRefused } from './picked-samples.ts';

export type Request = paths['/workflows']['post']['requestBody']['content']['application/json'];
type NewStep = Request['steps'][number];
type Task = Extract<NewStep, { operator_task: unknown }>['operator_task'];
type TaskField = NonNullable<Task['fields']>[number];

export const fieldTypes = ['text', 'number', 'choice', 'yes_no', 'barcode', 'date'] as const;

/** One question of the form that a person fills in. All as it is typed. */
export interface DraftField {
  key: string;
  type: (typeof fieldTypes)[number];
  label: string;
  optional: boolean;
  /** Of a number. */
  unit: string;
  /** Of a choice: one a line. */
  options: string;
}

export type DraftStep =
  | { key: string; kind: 'operation'; operation: string; values: Readonly<Record<string, string>> }
  | {
      key: string;
      kind: 'task';
      title: string;
      instructions: string;
      role: Role | '';
      fields: readonly DraftField[];
    };

/** A workflow that is being described: everything as it is typed, faults and all. */
export interface Draft extends Picked {
  name: string;
  deviceId: string;
  steps: readonly DraftStep[];
}

export const emptyDraft: Draft = { name: '', deviceId: '', steps: [], barcodes: [], refused: [] };

/** The parameters of each operation that the device can do. */
export type Operations = ReadonlyMap<string, Schema>;

/** What is sent. What was left empty is left out: then the default counts. */
export function requestOf(draft: Draft, operations: Operations): Request {
  return {
    name: draft.name.trim(),
    device_id: draft.deviceId,
    steps: draft.steps.map((step) => stepOf(step, operations)),
    ...(draft.barcodes.length > 0 ? { sample_barcodes: [...draft.barcodes] } : {}),
  };
}

function stepOf(step: DraftStep, operations: Operations): NewStep {
  if (step.kind === 'operation') {
    const properties = operations.get(step.operation)?.properties ?? {};
    const parameters = Object.fromEntries(
      Object.entries(properties).flatMap(([name, schema]) => {
        const text = step.values[name]?.trim() ?? '';
        return text === '' ? [] : [[name, readValue(schema, text)]];
      }),
    );
    return { operation: step.operation, parameters };
  }
  return {
    operator_task: {
      title: step.title.trim(),
      ...(step.instructions.trim() ? { instructions: step.instructions } : {}),
      ...(step.role ? { assignee: { role: step.role } } : {}),
      ...(step.fields.length > 0 ? { fields: step.fields.map(fieldOf) } : {}),
    },
  };
}

function fieldOf({ type, label, optional, unit, options }: DraftField, index: number): TaskField {
  return {
    type,
    name: nameOf(label, index),
    label: label.trim(),
    ...(optional ? { optional } : {}),
    ...(type === 'number' && unit.trim() ? { unit: unit.trim() } : {}),
    ...(type === 'choice' ? { options: optionsOf(options) } : {}),
  };
}

export const optionsOf = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');

/** The key of an answer: `Volume left?` is `volume_left`; with its number, so that no two are alike. */
export function nameOf(label: string, index: number): string {
  const words = label
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^[^a-z]+|_+$/g, '')
    .slice(0, 40);
  return `${words || 'field'}_${index + 1}`;
}

/** A step at another place; the same list where there is no such place. */
export function moved<Item>(items: readonly Item[], from: number, to: number): readonly Item[] {
  const item = items[from];
  if (item === undefined || to < 0 || to >= items.length || from === to) return items;
  const rest = items.filter((_item, index) => index !== from);
  return [...rest.slice(0, to), item, ...rest.slice(to)];
}

const place = 'labwright.new-workflow';

/** What was typed in this tab before it was left or loaded anew. */
export function loadDraft(): Draft {
  try {
    const kept: unknown = JSON.parse(sessionStorage.getItem(place) ?? 'null');
    return isDraft(kept) ? kept : emptyDraft;
  } catch {
    return emptyDraft;
  }
}

export function keepDraft(draft: Draft): void {
  try {
    if (draft === emptyDraft) sessionStorage.removeItem(place);
    else sessionStorage.setItem(place, JSON.stringify(draft));
  } catch {
    // Without storage it lasts as long as the page.
  }
}

/** Kept by an older page it may be another one: then it is forgotten. */
function isDraft(value: unknown): value is Draft {
  if (typeof value !== 'object' || value === null) return false;
  const { name, deviceId, steps, barcodes, refused } = value as Record<string, unknown>;
  return (
    typeof name === 'string' &&
    typeof deviceId === 'string' &&
    Array.isArray(steps) &&
    steps.every(isStep) &&
    Array.isArray(barcodes) &&
    barcodes.every((barcode) => typeof barcode === 'string') &&
    readRefused(refused) !== undefined
  );
}

function isStep(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const { kind, key, operation, values, title, instructions, role, fields } = value as Record<
    string,
    unknown
  >;
  if (typeof key !== 'string') return false;
  if (kind === 'operation')
    return typeof operation === 'string' && typeof values === 'object' && values !== null;
  return (
    kind === 'task' &&
    typeof title === 'string' &&
    typeof instructions === 'string' &&
    (role === '' || roles.some((known) => known === role)) &&
    Array.isArray(fields)
  );
}
