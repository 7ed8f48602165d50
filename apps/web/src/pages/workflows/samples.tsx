import { Table, Text } from '@mantine/core';
import { TestTubes } from 'lucide-react';
import { Empty } from '../../ui/empty.tsx';
import { TableFrame } from '../../ui/table-frame.tsx';
import type { Workflow } from './types.ts';

/** More are not laid out at once: a workflow may have ten thousand. */
const most = 500;

export function Samples({ samples }: { samples: Workflow['samples'] }) {
  if (samples.length === 0)
    return (
      <Empty title="No samples" icon={TestTubes}>
        This workflow has no samples.
      </Empty>
    );
  return (
    <>
      <TableFrame label="Samples" cards>
        <Table>
          <Table.Thead>
            <Table.Tr>
              <Table.Th scope="col">Barcode</Table.Th>
              <Table.Th scope="col">Type</Table.Th>
              <Table.Th scope="col">Plate and well</Table.Th>
              <Table.Th scope="col" data-align="right">
                Volume
              </Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {samples.slice(0, most).map(({ id, barcode, sample_type, plate_id, well, volume_ul }) => (
              <Table.Tr key={id}>
                <Table.Td ff="monospace">{barcode}</Table.Td>
                <Table.Td data-label="Type">{sample_type}</Table.Td>
                <Table.Td data-label="Plate and well">
                  {plate_id ? `${plate_id} ${well ?? ''}` : '—'}
                </Table.Td>
                <Table.Td data-align="right" data-label="Volume">
                  {volume_ul === null ? '—' : `${volume_ul} µL`}
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </TableFrame>
      {samples.length > most && (
        <Text size="sm" c="dimmed" mt="xs">
          The first {most} of {samples.length}.
        </Text>
      )}
    </>
  );
}
