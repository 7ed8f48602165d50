import { Button, FileButton, Group, Pill, Stack, Text } from '@mantine/core';
import { FileUp } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import type { Fault } from '../../api/problem.ts';
import { workflows } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { barcodesOf } from './csv.ts';
import { messageAt } from './faults.ts';
import { mostSamples, type Picked, withChecked, withNotChecked } from './picked-samples.ts';
import { RefusedBarcodes } from './refused-barcodes.tsx';
import classes from './sample-picker.module.css';
import { SampleSearch } from './sample-search.tsx';

/** As many as are shown one by one. */
const shown = 60;

export interface SamplePickerProps {
  picked: Picked;
  faults: readonly Fault[];
  /** Scans come faster than answers: each changes what there is then. */
  onChange: (change: (before: Picked) => Picked) => void;
}

interface Wanted {
  barcodes: readonly string[];
  /** By a scanner or by hand, and not out of a file. */
  scanned: boolean;
}

/** Samples of the workflow: searched and picked, scanned, or out of a file. */
export function SamplePicker({ picked: { barcodes, refused }, faults, onChange }: SamplePickerProps) {
  const [dropping, setDropping] = useState(false);
  const check = useAction({
    run: ({ barcodes }: Wanted) =>
      ask(workflows.POST('/samples/validate', { body: { barcodes: [...barcodes] } })),
  });
  const pick = async (wanted: Wanted) => {
    if (wanted.barcodes.length === 0) return;
    try {
      if (wanted.barcodes.length > mostSamples)
        throw new Error(`A workflow takes ${mostSamples} samples at most.`);
      const answer = await check.mutateAsync(wanted);
      onChange((before) => withChecked(before, answer, wanted));
    } catch (error) {
      const because = error instanceof Error ? error.message : String(error);
      onChange((before) => withNotChecked(before, wanted.barcodes, because));
    }
  };
  const add = (barcode: string) => void pick({ barcodes: [barcode], scanned: true });
  const readFile = async (file: File | null | undefined) => {
    if (file) await pick({ barcodes: barcodesOf(await file.text()), scanned: false });
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
        <SampleSearch chosen={barcodes} onAdd={add} />
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
      <RefusedBarcodes refused={refused} onChange={onChange} onAdd={add} />
      {barcodes.length > 0 && (
        <div>
          <Group gap="sm" mb="xs">
            <Text size="sm" fw={600}>
              {barcodes.length === 1 ? 'One sample' : `${barcodes.length} samples`}
            </Text>
            <Button
              size="compact-xs"
              variant="subtle"
              onClick={() => onChange((before) => ({ ...before, barcodes: [] }))}
            >
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
                  onRemove={() =>
                    onChange((before) => ({
                      ...before,
                      barcodes: before.barcodes.filter((other) => other !== barcode),
                    }))
                  }
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
