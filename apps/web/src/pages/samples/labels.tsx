import { Button, Card, Code, Group, Modal, SegmentedControl, Select, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Tag } from 'lucide-react';
import { useEffect, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { type ApiProblem, isProblem } from '../../api/problem.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { Notice } from '../../ui/notice.tsx';
import classes from './labels.module.css';

export interface LabelSubject {
  readonly kind: 'sample' | 'plate' | 'device';
  readonly id: string;
}
type Format = 'svg' | 'png' | 'zpl' | 'sheet';
type SymbolName = 'qr' | 'datamatrix' | 'code128';
type Sheet = 'a4-24' | 'a4-65' | 'a4-189' | 'letter-30';

const sheets: Record<Sheet, string> = {
  'a4-24': 'A4, 24 labels',
  'a4-65': 'A4, 65 labels',
  'a4-189': 'A4, 189 labels',
  'letter-30': 'Letter, 30 labels',
};

/** Labels for what is shown; scientists make them. */
export function LabelsButton({ subjects }: { subjects: readonly LabelSubject[] }) {
  const [opened, setOpened] = useState(false);
  const may = useMay('scientist');
  if (!may) return null;
  return (
    <>
      <Button
        variant="default"
        leftSection={<Tag size={17} aria-hidden />}
        disabled={subjects.length === 0}
        onClick={() => setOpened(true)}
      >
        {subjects.length === 1 ? 'Label' : 'Labels'}
      </Button>
      <Modal
        opened={opened}
        onClose={() => setOpened(false)}
        title={subjects.length === 1 ? `Label of ${subjects[0]?.id}` : `${subjects.length} labels`}
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {opened && <LabelMaker subjects={subjects} />}
      </Modal>
    </>
  );
}

function LabelMaker({ subjects }: { subjects: readonly LabelSubject[] }) {
  const single = subjects.length === 1;
  const [format, setFormat] = useState<Format>(single ? 'svg' : 'sheet');
  const [symbol, setSymbol] = useState<SymbolName>('qr');
  const [sheet, setSheet] = useState<Sheet>('a4-24');
  const [made, setMade] = useState<{ url: string; name: string; picture: boolean }>();
  useEffect(() => () => made && URL.revokeObjectURL(made.url), [made]);

  const make = useAction({
    /** `even_if_unknown`: whoever asks was told that something is not there, and wants its label all the same. */
    run: async (even_if_unknown: boolean): Promise<Blob> => {
      const list = subjects.map(({ kind, id }) => ({ kind, id }));
      const shared = { subjects: list, symbol, even_if_unknown };
      const answer =
        format === 'sheet'
          ? await ask(hub.POST('/labels/sheets', { body: { ...shared, sheet }, parseAs: 'blob' }))
          : await ask(hub.POST('/labels', { body: { ...shared, format }, parseAs: 'blob' }));
      return answer as unknown as Blob;
    },
    onDone: (blob) =>
      setMade({
        url: URL.createObjectURL(blob),
        name: `${single ? subjects[0]?.id : 'labels'}.${format === 'sheet' ? 'html' : format}`,
        picture: format === 'svg' || format === 'png',
      }),
  });
  const change =
    <T,>(set: (value: T) => void) =>
    (value: T) => {
      setMade(undefined);
      set(value);
    };

  return (
    <Stack>
      {!single && <WhichOnes subjects={subjects} />}
      <SegmentedControl
        fullWidth
        aria-label="What is made"
        value={format}
        onChange={(value) => change(setFormat)(value as Format)}
        data={[
          ...(single ? [{ value: 'svg', label: 'SVG' }] : []),
          ...(single ? [{ value: 'png', label: 'PNG' }] : []),
          { value: 'zpl', label: 'ZPL' },
          { value: 'sheet', label: 'Sheet' },
        ]}
      />
      <Select
        label="Code"
        description={symbol === 'qr' ? 'Opens the page on a phone.' : 'Holds only the id, for scanners.'}
        data={[
          { value: 'qr', label: 'QR code' },
          { value: 'datamatrix', label: 'Data Matrix' },
          { value: 'code128', label: 'Code 128' },
        ]}
        value={symbol}
        allowDeselect={false}
        onChange={(value) => value && change(setSymbol)(value as SymbolName)}
      />
      {format === 'sheet' && (
        <Select
          label="Paper"
          data={Object.entries(sheets).map(([value, label]) => ({ value, label }))}
          value={sheet}
          allowDeselect={false}
          onChange={(value) => value && change(setSheet)(value as Sheet)}
        />
      )}
      {format === 'zpl' && (
        <Text size="sm" c="dimmed">
          For a label printer: 50 × 25 mm at 203 dpi.
        </Text>
      )}
      {symbol === 'qr' && <AddressWarning />}
      {isProblem(make.error, 'subject_not_found') ? (
        <Unknown problem={make.error} loading={make.isPending} onMake={() => make.mutate(true)} />
      ) : (
        <Failed error={make.error} />
      )}
      {made ? (
        <>
          {made.picture && (
            <Card withBorder bg="white">
              <img src={made.url} alt={`Label of ${subjects[0]?.id}`} width="100%" />
            </Card>
          )}
          <Group>
            <Button component="a" href={made.url} download={made.name}>
              Download {made.name}
            </Button>
          </Group>
        </>
      ) : (
        <Group>
          <Button onClick={() => make.mutate(false)} loading={make.isPending}>
            Make {single ? 'the label' : 'the labels'}
          </Button>
        </Group>
      )}
    </Stack>
  );
}

/** What many labels are of: the first and the last, and all of them on demand. */
function WhichOnes({ subjects }: { subjects: readonly LabelSubject[] }) {
  const ids = subjects.map(({ id }) => id);
  const few = ids.length <= 4 ? ids.join(', ') : `${ids.slice(0, 3).join(', ')} … ${ids.at(-1)}`;
  return (
    <Text component="details" size="sm">
      <summary>
        Of the {subjects.length} samples that the list shows: {few}
      </summary>
      <Text
        size="sm"
        c="dimmed"
        mt="xs"
        mah={160}
        className={classes.ids}
        tabIndex={0}
        role="group"
        aria-label="All of them"
      >
        {ids.join(', ')}
      </Text>
    </Text>
  );
}

/** What was to be labelled is not there: mistyped, or still to come. */
function Unknown({
  problem: { faults },
  loading,
  onMake,
}: {
  problem: ApiProblem;
  loading: boolean;
  onMake: () => void;
}) {
  const told = faults.slice(0, 5).map(({ message }) => message);
  const text = `${told.join(', ')}${faults.length > told.length ? `, and ${faults.length - told.length} more` : ''}`;
  return (
    <Notice title="There is nothing for this label" urgent>
      <Text size="sm" mb="xs">
        {text.charAt(0).toUpperCase()}
        {text.slice(1)}: the code would lead nowhere. Print anyway?
      </Text>
      <Button size="xs" variant="default" loading={loading} onClick={onMake}>
        Print anyway
      </Button>
    </Notice>
  );
}

/** A label is stuck on for years: whether phones can open it is said before it is made. */
function AddressWarning() {
  const { data } = useQuery(fromHub.read('/labels/address'));
  if (!data?.loopback) return null;
  return (
    <Notice title="Phones cannot open this code" urgent>
      <Text size="sm">
        It leads to <Code>{data.url}</Code>, which only this computer can open. Start the laboratory with{' '}
        <Code>HUB_PUBLIC_URL</Code> set to an address that phones can reach, such as{' '}
        <Code>http://192.168.1.20:5000</Code>, and make the label then.
      </Text>
    </Notice>
  );
}
