import { CloseButton, TextInput } from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { useEffect, useState } from 'react';

/** A filter by an exact text: sent when nobody has typed for a moment. */
export function FilterField({
  label,
  value,
  onChange,
  placeholder,
}: {
  label: string;
  value: string | undefined;
  onChange: (value: string | undefined) => void;
  placeholder?: string;
}) {
  const [text, setText] = useState(value ?? '');
  // Elsewhere it was changed: by a link, or the way back.
  useEffect(() => setText(value ?? ''), [value]);
  const tell = useDebouncedCallback((next: string) => onChange(next.trim() || undefined), 350);
  return (
    <TextInput
      label={label}
      value={text}
      size="sm"
      {...(placeholder ? { placeholder } : {})}
      onChange={({ currentTarget }) => {
        setText(currentTarget.value);
        tell(currentTarget.value);
      }}
      rightSection={
        text === '' ? null : (
          <CloseButton
            size="sm"
            aria-label={`Clear ${label}`}
            onClick={() => {
              setText('');
              onChange(undefined);
            }}
          />
        )
      }
    />
  );
}

/** Several of them, each for the filter of its name in the address. */
export function FilterFields<Name extends string>({
  fields,
  filters,
  onChange,
}: {
  fields: readonly { readonly name: Name; readonly label: string; readonly placeholder: string }[];
  filters: Partial<Record<Name, string>>;
  onChange: (changed: Partial<Record<Name, string | undefined>>) => void;
}) {
  return fields.map(({ name, label, placeholder }) => (
    <FilterField
      key={name}
      label={label}
      placeholder={placeholder}
      value={filters[name]}
      onChange={(value) => onChange({ [name]: value } as Partial<Record<Name, string | undefined>>)}
    />
  ));
}
