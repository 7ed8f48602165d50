import { Group, Radio, Select, Textarea, TextInput } from '@mantine/core';
import { ScanField } from '../../ui/scan-field.tsx';
import type { TaskField } from './task.ts';

/** One question of a form, as its type asks for it. */
export function TaskFieldInput({
  field,
  value,
  error,
  onChange,
}: {
  field: TaskField;
  value: string;
  error: string | undefined;
  onChange: (text: string) => void;
}) {
  const { type, label, help, optional } = field;
  const shared = {
    label: optional ? `${label} (optional)` : label,
    ...(help ? { description: help } : {}),
    error,
    required: !optional,
    value,
  };
  switch (type) {
    case 'number':
      return (
        <TextInput
          {...shared}
          inputMode={field.whole ? 'numeric' : 'decimal'}
          autoComplete="off"
          description={[help, rangeText(field)].filter(Boolean).join(' ') || undefined}
          rightSection={field.unit}
          rightSectionWidth={field.unit ? 24 + field.unit.length * 9 : 0}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    case 'choice':
      return (
        <Select
          {...shared}
          data={field.options ?? []}
          value={value === '' ? null : value}
          clearable={optional === true}
          clearButtonProps={{ 'aria-label': `Clear ${label}` }}
          searchable={(field.options?.length ?? 0) > 8}
          onChange={(choice) => onChange(choice ?? '')}
        />
      );
    case 'yes_no':
      return (
        <Radio.Group {...shared} onChange={onChange}>
          <Group mt={6}>
            <Radio value="yes" label="Yes" />
            <Radio value="no" label="No" />
          </Group>
        </Radio.Group>
      );
    case 'barcode':
      return <ScanField {...shared} onChange={onChange} />;
    case 'date':
      return (
        <TextInput
          {...shared}
          type="date"
          min={field.earliest}
          max={field.latest}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
    default:
      return (
        <Textarea
          {...shared}
          autosize
          minRows={1}
          maxRows={12}
          maxLength={field.max_length ?? 2_000}
          onChange={(event) => onChange(event.currentTarget.value)}
        />
      );
  }
}

function rangeText({ minimum, maximum, unit, whole }: TaskField): string | undefined {
  const of = unit ? ` ${unit}` : '';
  const range =
    minimum !== undefined && maximum !== undefined
      ? `${minimum} to ${maximum}${of}`
      : minimum !== undefined
        ? `At least ${minimum}${of}`
        : maximum !== undefined
          ? `At most ${maximum}${of}`
          : undefined;
  if (range === undefined) return whole ? 'A whole number.' : undefined;
  return `${range}${whole ? ', a whole number' : ''}.`;
}
