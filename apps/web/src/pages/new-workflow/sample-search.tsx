import { Combobox, Text, TextInput, useCombobox } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { ScanBarcode } from 'lucide-react';
import { useEffect, useId, useRef, useState } from 'react';
import { fromWorkflows } from '../../api/services.ts';
import classes from './sample-picker.module.css';

/** What a barcode can begin with: of anything else the service need not be asked. */
const barcodeShape = /^[\x21-\x7e]{1,64}$/;

/**
 * A field for a scanner, which types the barcode and Enter, and for people, to whom the samples of the laboratory are offered: the first
 * ones when they come to it, then those that begin with what they typed. Nothing is selected by itself, so that the Enter of a scanner
 * takes what it read.
 */
export function SampleSearch({
  chosen,
  onAdd,
}: {
  chosen: readonly string[];
  onAdd: (barcode: string) => void;
}) {
  const [text, setText] = useState('');
  const input = useRef<HTMLInputElement>(null);
  const combobox = useCombobox({ onDropdownClose: () => combobox.resetSelectedOption() });
  const { options, remark } = useOffered(text.trim(), chosen, combobox.dropdownOpened);
  const { resetSelectedOption } = combobox;
  // A place in the list that was is none in the list that is. Mantine goes on naming the option to screen readers: it is taken away by hand,
  // and the ids are others from then on, so that the next one is told even where it is the same.
  const [round, setRound] = useState(0);
  const listed = options.map(({ barcode }) => barcode).join(' ');
  // biome-ignore lint/correctness/useExhaustiveDependencies: when another text was typed, or the list is another one
  useEffect(() => {
    resetSelectedOption();
    input.current?.removeAttribute('aria-activedescendant');
    setRound((before) => before + 1);
  }, [listed, text, resetSelectedOption]);
  const idBase = useId();
  const add = (barcode: string) => {
    // Empty at once: the next scan does not wait for an answer.
    setText('');
    if (barcode !== '') onAdd(barcode);
  };
  return (
    <Combobox store={combobox} onOptionSubmit={add} withinPortal={false}>
      <Combobox.Target withExpandedAttribute autoComplete="off">
        <TextInput
          ref={input}
          className={classes.scan}
          label="Scan, type or choose a barcode"
          description="Enter adds it."
          leftSection={<ScanBarcode size={16} aria-hidden />}
          value={text}
          maxLength={64}
          autoCapitalize="off"
          spellCheck={false}
          onChange={(event) => {
            setText(event.currentTarget.value);
            combobox.openDropdown();
          }}
          onFocus={() => combobox.openDropdown()}
          onClick={() => combobox.openDropdown()}
          onBlur={() => combobox.closeDropdown()}
          onKeyDown={(event) => {
            if (event.key !== 'Enter') return;
            // The Enter of a scanner must not hand in a form that is half filled in.
            event.preventDefault();
            if (!combobox.dropdownOpened || combobox.getSelectedOptionIndex() === -1) add(text.trim());
          }}
        />
      </Combobox.Target>
      <Combobox.Dropdown>
        <Combobox.Options mah={260} className={classes.options} aria-label="Samples of the laboratory">
          {options.map(({ id, barcode, sample_type, plate_id, well }) => (
            <Combobox.Option key={id} id={`${idBase}-${round}-${id}`} value={barcode}>
              <span className={classes.sample}>{barcode}</span>{' '}
              <Text component="span" size="xs" c="dimmed">
                {[sample_type, plate_id && `${plate_id} ${well}`].filter(Boolean).join(' · ')}
              </Text>
            </Combobox.Option>
          ))}
        </Combobox.Options>
        {remark && (
          <Text size="xs" c="dimmed" p="xs" role="status">
            {remark}
          </Text>
        )}
      </Combobox.Dropdown>
    </Combobox>
  );
}

function useOffered(text: string, chosen: readonly string[], wanted: boolean) {
  const [prefix] = useDebouncedValue(text, 200);
  const possible = prefix === '' || barcodeShape.test(prefix);
  const { data, error } = useQuery({
    ...fromWorkflows.read('/samples', {
      params: { query: { limit: 50, ...(prefix === '' ? {} : { barcode_prefix: prefix, any_case: true }) } },
    }),
    enabled: wanted && possible,
    // Whoever has just imported samples looks for them here.
    staleTime: 0,
    placeholderData: (before) => before,
  });
  const found = possible ? data?.samples : [];
  const taken = new Set(chosen);
  const options = found?.filter(({ barcode }) => !taken.has(barcode)) ?? [];
  return { options, remark: remarkOf() };

  function remarkOf(): string | undefined {
    if (error) return `The samples cannot be shown: ${error.message}`;
    if (!found) return 'Looking for samples …';
    if (data?.next_cursor && possible) return 'There are more: type how the barcode begins.';
    if (options.length > 0) return undefined;
    if (found.length > 0) return 'All of them are chosen.';
    return prefix === '' ? 'There are no samples yet: import them first.' : 'No barcode begins like this.';
  }
}
