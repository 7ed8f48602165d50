import { Button, FileButton, Group, Pill, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { FileUp, Plus, ScanBarcode } from 'lucide-react';
import { type KeyboardEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import type { Fault } from '../../api/problem.ts';
import { fromWorkflows, workflows } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { barcodesOf } from './csv.ts';
import { messageAt } from './faults.ts';
import classes from './sample-picker.module.css';

/** As many as a workflow takes; and as many as are shown one by one. */
const most = 10_000;
const shown = 60;

export interface SamplePickerProps {
  barcodes: readonly string[];
  faults: readonly Fault[];
  onChange: (barcodes: readonly string[]) => void;
}

/** Samples of the workflow: searched and picked, scanned (a scanner types the barcode and Enter), or out of a file. */
export function SamplePicker({ barcodes, faults, onChange }: SamplePickerProps) {
  const [text, setText] = useState('');
  const [unknown, setUnknown] = useState<readonly string[]>([]);
  const [dropping, setDropping] = useState(false);
  const check = useAction({
    run: async (wanted: readonly string[]) => {
      const fresh = wanted.filter((barcode) => !barcodes.includes(barcode));
      if (fresh.length === 0) return { valid_barcodes: [], invalid_barcodes: [] };
      if (barcodes.length + fresh.length > most) throw new Error(`A workflow takes ${most} samples at most.`);
      return ask(workflows.POST('/samples/validate', { body: { barcodes: fresh } }));
    },
    onDone: ({ valid_barcodes, invalid_barcodes }) => {
      setUnknown(invalid_barcodes);
      if (valid_barcodes.length > 0) onChange([...new Set([...barcodes, ...valid_barcodes])]);
    },
  });
  const add = (barcode: string) => {
    if (barcode === '') return;
    // Empty at once: the next scan does not wait for an answer.
    setText('');
    check.mutate([barcode]);
  };
  const readFile = async (file: File | null | undefined) => {
    if (file) check.mutate(barcodesOf(await file.text()));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter') return;
    event.preventDefault();
    add(text.trim());
  };
  return (
    <Stack
      gap="sm"
      className={classes.place}
      data-dropping={dropping || undefined}
      onDragOver={(event) => {
        if (!event.dataTransfer.types.includes('Files')) return;
        event.preventDefault();
        setDropping(true);
      }}
      onDragLeave={() => setDropping(false)}
      onDrop={(event) => {
        if (event.dataTransfer.files.length === 0) return;
        event.preventDefault();
        setDropping(false);
        void readFile(event.dataTransfer.files[0]);
      }}
    >
      <Group align="flex-end" gap="sm">
        <TextInput
          className={classes.scan}
          label="Scan or type a barcode"
          description="Enter adds it."
          leftSection={<ScanBarcode size={16} aria-hidden />}
          value={text}
          maxLength={64}
          autoComplete="off"
          spellCheck={false}
          error={unknownText(unknown)}
          onChange={(event) => {
            setText(event.currentTarget.value);
            setUnknown([]);
          }}
          onKeyDown={onKeyDown}
        />
        <FileButton onChange={(file) => void readFile(file)} accept=".csv,.txt,text/csv,text/plain">
          {(props) => (
            <Button {...props} variant="default" leftSection={<FileUp size={16} aria-hidden />}>
              From a file
            </Button>
          )}
        </FileButton>
        <Text size="sm" c="dimmed">
          or drop a CSV file with a column <code>barcode</code> here
        </Text>
      </Group>
      <Failed error={check.error} />
      <Suggestions text={text.trim()} chosen={barcodes} onAdd={add} />
      {barcodes.length > 0 && (
        <div>
          <Group gap="sm" mb="xs">
            <Text size="sm" fw={600}>
              {barcodes.length === 1 ? 'One sample' : `${barcodes.length} samples`}
            </Text>
            <Button size="compact-xs" variant="subtle" onClick={() => onChange([])}>
              Remove all
            </Button>
          </Group>
          <Pill.Group>
            {barcodes.slice(0, shown).map((barcode, index) => {
              const fault = messageAt(faults, `body.sample_barcodes[${index}]`);
              return (
                <Pill
                  key={barcode}
                  withRemoveButton
                  size="md"
                  className={classes.sample}
                  data-fault={fault !== undefined || undefined}
                  onRemove={() => onChange(barcodes.filter((other) => other !== barcode))}
                  removeButtonProps={{ 'aria-label': `Remove ${barcode}`, tabIndex: 0, 'aria-hidden': false }}
                >
                  {barcode}
                </Pill>
              );
            })}
          </Pill.Group>
          {barcodes.length > shown && (
            <Text size="sm" c="dimmed" mt="xs">
              and {barcodes.length - shown} more
            </Text>
          )}
        </div>
      )}
      {faults
        .filter(({ path }) => path.startsWith('body.sample_barcodes'))
        .slice(0, 5)
        .map(({ path, message }) => (
          <Text key={path} size="sm" c="var(--mantine-color-error)" role="alert">
            {message}
          </Text>
        ))}
    </Stack>
  );
}

function unknownText(unknown: readonly string[]): string | undefined {
  if (unknown.length === 0) return undefined;
  const [first, ...rest] = unknown;
  return rest.length === 0
    ? `There is no sample ${first}. Import it first.`
    : `${unknown.length} are no samples and were left out: ${unknown.slice(0, 5).join(', ')}${unknown.length > 5 ? ', …' : ''}`;
}

/** Samples whose barcode begins with what was typed. */
function Suggestions({
  text,
  chosen,
  onAdd,
}: {
  text: string;
  chosen: readonly string[];
  onAdd: (barcode: string) => void;
}) {
  const [prefix] = useDebouncedValue(text, 250);
  const wanted = prefix.length >= 2 && text.length >= 2;
  const { data, error, refetch } = useQuery({
    ...fromWorkflows.read('/samples', { params: { query: { barcode_prefix: prefix, limit: 12 } } }),
    enabled: wanted,
  });
  if (!wanted) return null;
  const found = data?.samples.filter(({ barcode }) => !chosen.includes(barcode)) ?? [];
  return (
    <>
      <Failed error={error} retry={refetch} />
      <Group component="ul" gap="xs" className={classes.found} aria-label="Samples that begin like this">
        {found.map(({ id, barcode, sample_type }) => (
          <li key={id}>
            <Button
              size="xs"
              variant="default"
              leftSection={<Plus size={13} aria-hidden />}
              onClick={() => onAdd(barcode)}
            >
              {barcode} · {sample_type}
            </Button>
          </li>
        ))}
      </Group>
    </>
  );
}
