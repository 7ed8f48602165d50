import { Table, Text } from '@mantine/core';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { TableFrame } from '../../ui/table-frame.tsx';
import { shortTime } from '../../ui/times.ts';
import classes from './bar-table.module.css';
import { type Bar, eachVisible, lasting, type Row, type View } from './bars.ts';
import { kindWords, WorkflowName } from './tip.tsx';

/** So many are written out; the stretch of time is made shorter for the others. */
const mostLines = 200;

/** The same as the picture, as text: what is visible there, newest first. */
export function BarTable(props: {
  rows: readonly Row[];
  names: ReadonlyMap<string, string>;
  view: View;
  width: number;
}) {
  const { rows, names, view, width } = props;
  const bars: Bar[] = [];
  for (const row of rows)
    eachVisible(row, view.from, view.from + width * view.msPerPixel, (bar) => bars.push(bar));
  const lines = bars.sort((a, b) => b.from - a.from).slice(0, mostLines);
  return (
    <TableFrame label="What the devices did and will do" cards>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            {['Device', 'What', 'State', 'From', 'For', 'Workflow', 'Why'].map((title) => (
              <Table.Th key={title} scope="col">
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {lines.map((bar) => (
            <Table.Tr key={bar.id}>
              <Table.Td>{names.get(bar.device) ?? bar.device}</Table.Td>
              <Table.Td data-label="What">{bar.title}</Table.Td>
              <Table.Td data-label="State">
                <StatusBadge status={kindWords[bar.kind]} />
              </Table.Td>
              <Table.Td data-label="From" className={classes.number}>
                {shortTime(bar.from)}
              </Table.Td>
              <Table.Td data-label="For" className={classes.number}>
                {lasting(bar)}
              </Table.Td>
              <Table.Td data-label="Workflow">
                {bar.workflow ? <WorkflowName id={bar.workflow} /> : '–'}
              </Table.Td>
              <Table.Td data-label="Why">{bar.why.join(' ')}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {bars.length > lines.length && (
        <Text size="sm" c="dimmed" p="sm">
          The newest {mostLines} of {bars.length} in this stretch of time.
        </Text>
      )}
    </TableFrame>
  );
}
