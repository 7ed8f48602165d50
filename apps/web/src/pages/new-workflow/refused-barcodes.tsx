import { Button, CloseButton, Group, Paper, Stack, Text } from '@mantine/core';
import { dismissed, type Picked, type Refused } from './picked-samples.ts';
import classes from './sample-picker.module.css';

/** More are counted, not drawn: a file may be full of them. */
const shown = 60;

/** What was scanned and is no sample of the workflow, each with its reason, until somebody dismisses it. */
export function RefusedBarcodes({
  refused,
  onChange,
  onAdd,
}: {
  refused: readonly Refused[];
  onChange: (change: (before: Picked) => Picked) => void;
  /** Tries a barcode (again). */
  onAdd: (barcode: string) => void;
}) {
  if (refused.length === 0) return null;
  return (
    <Paper withBorder p="sm" className={classes.refused}>
      <Group gap="sm" mb="xs">
        <Text size="sm" fw={600}>
          {refused.length === 1 ? 'One barcode was not added' : `${refused.length} barcodes were not added`}
        </Text>
        <Button
          size="compact-xs"
          variant="subtle"
          onClick={() => onChange((before) => ({ ...before, refused: [] }))}
        >
          {refused.length === 1 ? 'Dismiss' : 'Dismiss all'}
        </Button>
      </Group>
      <Stack component="ul" gap="xs" className={classes.plain} aria-label="Barcodes that were not added">
        {refused.slice(0, shown).map((one) => (
          <Group component="li" key={one.barcode} gap="xs" wrap="nowrap" align="flex-start">
            <div className={classes.why}>
              <Text size="sm" role="alert">
                <span className={classes.sample}>{one.barcode}</span>: {whyOf(one)}
              </Text>
              <Offer one={one} onChange={onChange} onAdd={onAdd} />
            </div>
            <CloseButton
              size="sm"
              aria-label={`Dismiss ${one.barcode}`}
              onClick={() => onChange((before) => dismissed(before, one.barcode))}
            />
          </Group>
        ))}
      </Stack>
      {refused.length > shown && (
        <Text size="sm" c="dimmed" mt="xs">
          and {refused.length - shown} more
        </Text>
      )}
    </Paper>
  );
}

function whyOf(one: Refused): string {
  if (one.reason === 'twice') return 'it is in the list already.';
  if (one.reason === 'not_checked') return one.because;
  return one.known === undefined
    ? 'there is no such sample. Import it first.'
    : `there is no such sample. There is ${one.known}: use it?`;
}

/** What may help, where something may. */
function Offer({
  one,
  onChange,
  onAdd,
}: { one: Refused } & Pick<Parameters<typeof RefusedBarcodes>[0], 'onChange' | 'onAdd'>) {
  const { barcode } = one;
  const offer =
    one.reason === 'not_checked'
      ? { label: 'Try again', wanted: barcode }
      : one.reason === 'unknown' && one.known !== undefined
        ? { label: `Use ${one.known}`, wanted: one.known }
        : undefined;
  if (!offer) return null;
  return (
    <Button
      size="compact-sm"
      variant="default"
      mt={4}
      onClick={() => {
        onChange((before) => dismissed(before, barcode));
        onAdd(offer.wanted);
      }}
    >
      {offer.label}
    </Button>
  );
}
