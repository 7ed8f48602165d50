import { ActionIcon, Button, Checkbox, Group, NativeSelect, Stack, Textarea, TextInput } from '@mantine/core';
import { Plus, Trash2 } from 'lucide-react';
import type { Fault } from '../../api/problem.ts';
import { randomId } from '../../api/random-id.ts';
import { roles } from '../../api/session.ts';
import { type DraftField, type DraftStep, fieldTypes } from './draft.ts';
import { messageAt } from './faults.ts';
import classes from './task-step.module.css';

type TaskStep = Extract<DraftStep, { kind: 'task' }>;

const typeLabels = {
  text: 'Text',
  number: 'Number',
  choice: 'Choice',
  yes_no: 'Yes or no',
  barcode: 'Barcode',
  date: 'Date',
} as const satisfies Record<DraftField['type'], string>;

/** A step that a person carries out: what they read, and the form that they fill in. */
export function TaskStepFields({
  step,
  at,
  faults,
  onChange,
}: {
  step: TaskStep;
  /** The path of the task in what is sent. */
  at: string;
  faults: readonly Fault[];
  onChange: (step: TaskStep) => void;
}) {
  const change = (index: number, changes: Partial<DraftField>) =>
    onChange({
      ...step,
      fields: step.fields.map((field, place) => (place === index ? { ...field, ...changes } : field)),
    });
  return (
    <Stack gap="sm">
      <Group grow align="flex-start" className={classes.row}>
        <TextInput
          label="What needs doing"
          required
          maxLength={200}
          value={step.title}
          error={messageAt(faults, `${at}.title`)}
          onChange={(event) => onChange({ ...step, title: event.currentTarget.value })}
        />
        <NativeSelect
          label="For whom"
          value={step.role}
          error={messageAt(faults, `${at}.assignee`)}
          data={[
            { value: '', label: 'Anybody' },
            ...roles.map((role) => ({ value: role, label: `${role} or above` })),
          ]}
          onChange={(event) => {
            const { value } = event.currentTarget;
            onChange({ ...step, role: roles.find((role) => role === value) ?? '' });
          }}
        />
      </Group>
      <Textarea
        label="Instructions (optional)"
        description="Markdown."
        autosize
        minRows={2}
        maxLength={20_000}
        value={step.instructions}
        error={messageAt(faults, `${at}.instructions`)}
        onChange={(event) => onChange({ ...step, instructions: event.currentTarget.value })}
      />
      {step.fields.map((field, index) => (
        <fieldset key={field.key} className={classes.field}>
          <legend>Question {index + 1}</legend>
          <Group grow align="flex-start" className={classes.row}>
            <TextInput
              label="Question"
              required
              maxLength={200}
              value={field.label}
              error={
                messageAt(faults, `${at}.fields[${index}].label`) ??
                messageAt(faults, `${at}.fields[${index}].name`)
              }
              onChange={(event) => change(index, { label: event.currentTarget.value })}
            />
            <NativeSelect
              label="Answer"
              value={field.type}
              data={fieldTypes.map((type) => ({ value: type, label: typeLabels[type] }))}
              onChange={(event) => {
                const { value } = event.currentTarget;
                change(index, { type: fieldTypes.find((type) => type === value) ?? 'text' });
              }}
            />
            {field.type === 'number' && (
              <TextInput
                label="Unit (optional)"
                maxLength={20}
                value={field.unit}
                error={messageAt(faults, `${at}.fields[${index}].unit`)}
                onChange={(event) => change(index, { unit: event.currentTarget.value })}
              />
            )}
          </Group>
          {field.type === 'choice' && (
            <Textarea
              label="To choose from"
              description="One per line."
              required
              autosize
              minRows={2}
              value={field.options}
              error={messageAt(faults, `${at}.fields[${index}].options`)}
              onChange={(event) => change(index, { options: event.currentTarget.value })}
            />
          )}
          <Group justify="space-between" mt="xs">
            <Checkbox
              label="Optional"
              checked={field.optional}
              onChange={(event) => change(index, { optional: event.currentTarget.checked })}
            />
            <ActionIcon
              variant="default"
              aria-label={`Remove question ${index + 1}`}
              onClick={() =>
                onChange({ ...step, fields: step.fields.filter(({ key }) => key !== field.key) })
              }
            >
              <Trash2 size={16} aria-hidden />
            </ActionIcon>
          </Group>
        </fieldset>
      ))}
      <Group>
        <Button
          size="xs"
          variant="default"
          leftSection={<Plus size={14} aria-hidden />}
          onClick={() =>
            onChange({
              ...step,
              fields: [
                ...step.fields,
                { key: randomId(), type: 'text', label: '', optional: false, unit: '', options: '' },
              ],
            })
          }
        >
          Ask a question
        </Button>
      </Group>
    </Stack>
  );
}
