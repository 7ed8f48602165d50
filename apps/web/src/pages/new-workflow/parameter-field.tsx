import { NativeSelect, Text, Textarea, TextInput } from '@mantine/core';
import { readName } from '../../ui/quantity.ts';
import { limitsOf, type Schema, shapeOf, textOf } from './parameters.ts';

export interface ParameterProps {
  name: string;
  schema: Schema;
  required: boolean;
  text: string;
  fault: string | undefined;
  onChange: (text: string) => void;
}

/** One parameter: what it is, its unit and its limits; left empty, its default counts. */
export function ParameterField({ name, schema, required, text, fault, onChange }: ParameterProps) {
  const { words } = readName(name);
  const shape = shapeOf(schema);
  const usual = textOf(schema, schema.default);
  const unit = schema.unit === '1' ? undefined : schema.unit;
  const shared = {
    label: words,
    description: [schema.description, limitsOf(schema)].filter(Boolean).join('. '),
    required: required && schema.default === undefined,
    error: fault,
    value: text,
    onChange: (event: { currentTarget: { value: string } }) => onChange(event.currentTarget.value),
  };
  if (shape === 'choice' || shape === 'yes_no') {
    const known = shape === 'choice' ? (schema.enum ?? []).map(String) : ['true', 'false'];
    return (
      <NativeSelect
        {...shared}
        data={[
          { value: '', label: usual === '' ? 'Choose …' : `${said(usual)} (default)` },
          ...known.filter((value) => value !== usual).map((value) => ({ value, label: said(value) })),
        ]}
      />
    );
  }
  if (shape === 'json')
    return <Textarea {...shared} placeholder={usual} autosize minRows={1} maxRows={8} ff="monospace" />;
  return (
    <TextInput
      {...shared}
      placeholder={usual}
      inputMode={shape === 'number' ? 'decimal' : 'text'}
      {...(unit
        ? {
            rightSection: (
              <Text size="sm" c="dimmed">
                {unit}
              </Text>
            ),
            rightSectionWidth: 12 + unit.length * 9,
          }
        : {})}
    />
  );
}

const said = (value: string) => (value === 'true' ? 'yes' : value === 'false' ? 'no' : value);
