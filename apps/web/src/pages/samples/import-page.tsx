import { Button, Checkbox, Code, FileInput, Group, Stack, Table, Text, Title } from '@mantine/core';
import { FileUp } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { isProblem } from '../../api/problem.ts';
import { workflows } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';

interface RowFault {
  readonly line: number;
  readonly column: string;
  readonly message: string;
}

/** Samples from a CSV file: all of them, or none and every bad row by its line. */
export default function ImportPage() {
  const [file, setFile] = useState<File | null>(null);
  const [createPlates, setCreatePlates] = useState(true);
  const [partial, setPartial] = useState(false);
  const bring = useAction({
    run: (chosen: File) =>
      ask(
        workflows.POST('/samples/import', {
          params: { query: { partial, create_plates: createPlates } },
          body: chosen,
          bodySerializer: (body: unknown) => body as File,
          headers: { 'content-type': 'text/csv' },
        }),
      ),
    changes: [
      ['workflow-service', '/samples'],
      ['workflow-service', '/plates'],
    ],
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (file) bring.mutate(file);
  };
  const refused = isProblem(bring.error, 'import_rejected') ? bring.error : undefined;
  const faults = (refused?.body.faults ?? bring.data?.faults ?? []) as readonly RowFault[];
  const rejected = Number(refused?.body.rejected ?? bring.data?.rejected ?? 0);

  return (
    <>
      <PageHeader title="Import samples">From a CSV file, as spreadsheets save it.</PageHeader>
      <Stack maw={820}>
        <Text size="sm">
          The first line names the columns: <Code>barcode,sample_type,plate_id,well,volume_ul</Code>. The last
          three are optional.
        </Text>
        <form onSubmit={submit}>
          <Stack>
            <FileInput
              label="File"
              placeholder="Choose a CSV file"
              accept=".csv,text/csv"
              required
              clearable
              clearButtonProps={{ 'aria-label': 'Take the file out' }}
              leftSection={<FileUp size={17} aria-hidden />}
              value={file}
              onChange={(chosen) => {
                setFile(chosen);
                bring.reset();
              }}
            />
            <Checkbox
              label="Create plates that do not exist yet (8 × 12)"
              checked={createPlates}
              onChange={(event) => setCreatePlates(event.currentTarget.checked)}
            />
            <Checkbox
              label="Import the valid rows even if some rows are not"
              checked={partial}
              onChange={(event) => setPartial(event.currentTarget.checked)}
            />
            <Group>
              <Button type="submit" disabled={!file} loading={bring.isPending}>
                Import
              </Button>
            </Group>
          </Stack>
        </form>
        {bring.data && (
          <Notice title={bring.data.message}>
            <PageLink to="/samples" inherit underline="always">
              Show the samples
            </PageLink>
          </Notice>
        )}
        {refused ? (
          <Notice urgent title="Nothing was imported">
            {refused.message}
          </Notice>
        ) : (
          <Failed error={bring.error} />
        )}
        {faults.length > 0 && (
          <Stack gap="xs" component="section" aria-label="Bad rows">
            <Title order={2} size="h4">
              {rejected === 1 ? 'One bad row' : `${rejected} bad rows`}
            </Title>
            <Table withTableBorder bg="var(--lab-surface)">
              <Table.Thead>
                <Table.Tr>
                  <Table.Th scope="col">Line</Table.Th>
                  <Table.Th scope="col">Column</Table.Th>
                  <Table.Th scope="col">What is wrong</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {faults.map(({ line, column, message }) => (
                  <Table.Tr key={`${line} ${column} ${message}`}>
                    <Table.Td>{line}</Table.Td>
                    <Table.Td>{column}</Table.Td>
                    <Table.Td>{message}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
            {rejected > faults.length && (
              <Text size="sm" c="dimmed">
                The first {faults.length} faults are listed.
              </Text>
            )}
          </Stack>
        )}
      </Stack>
    </>
  );
}
