import { Code, Stack, Table, Text, Title } from '@mantine/core';
import { Fact, Facts, RawText } from '../../ui/facts.tsx';
import { SideSheet } from '../../ui/side-sheet.tsx';
import { TableFrame } from '../../ui/table-frame.tsx';
import { fullTime } from '../../ui/times.ts';
import { changesOf, readable } from './changes.ts';
import { behalfOf, type Entry, signatureOf } from './entry.ts';

/** All that an entry holds: what it was before and after, who signed it, and its place in the chain. */
export function EntryDrawer({ entry, onClose }: { entry: Entry | undefined; onClose: () => void }) {
  return (
    <SideSheet
      opened={entry !== undefined}
      onClose={onClose}
      title={entry ? `Entry ${entry.seq}: ${entry.action}` : ''}
    >
      {entry && <Whole entry={entry} />}
    </SideSheet>
  );
}

function Whole({ entry }: { entry: Entry }) {
  const { actor, before, after } = entry;
  const signed = signatureOf(entry);
  const behalf = behalfOf(entry);
  const comparable = before !== null && after !== null;
  return (
    <Stack>
      <Facts>
        <Fact name="Done">{fullTime(entry.at)}</Fact>
        <Fact name="By">
          {actor.name ?? actor.id} {actor.role && `(${actor.role})`}
          {behalf && `, for ${behalf}`}
        </Fact>
        <Fact name="To">{entry.subject}</Fact>
        <Fact name="Why">{entry.reason ?? 'no reason was given'}</Fact>
        {entry.request_id && <Fact name="Request">{entry.request_id}</Fact>}
        {entry.trace_id && <Fact name="Trace">{entry.trace_id}</Fact>}
      </Facts>
      {signed && (
        <div>
          <Title order={2} size="h6">
            Electronic signature
          </Title>
          <Text size="sm">
            {signed.name}: {signed.meaning}
            {signed.signed_at && `, ${fullTime(signed.signed_at)}`}
          </Text>
        </div>
      )}
      {comparable ? (
        <Changes before={before} after={after} />
      ) : (
        <>
          {before !== null && <Side title="Before" value={before} />}
          {after !== null && <Side title="After" value={after} />}
          {before === null && after === null && (
            <Text size="sm">It changed nothing that has a before and an after.</Text>
          )}
        </>
      )}
      <div>
        <Title order={2} size="h6">
          Its place in the chain
        </Title>
        <Facts>
          <Fact name="Hash">
            <Code>{entry.hash}</Code>
          </Fact>
          <Fact name="Of the one before">
            <Code>{entry.prev}</Code>
          </Fact>
          <Fact name="Chained">{fullTime(entry.sealed_at)}</Fact>
        </Facts>
      </div>
    </Stack>
  );
}

function Changes({ before, after }: { before: unknown; after: unknown }) {
  const changes = changesOf(before, after);
  return (
    <div>
      <Title order={2} size="h6">
        What changed
      </Title>
      {changes.length === 0 ? (
        <Text size="sm">Nothing is different.</Text>
      ) : (
        <TableFrame label="What changed">
          <Table verticalSpacing={4}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th scope="col">What</Table.Th>
                <Table.Th scope="col">Before</Table.Th>
                <Table.Th scope="col">After</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {changes.map((change) => (
                <Table.Tr key={change.path}>
                  <Table.Th scope="row">{change.path || 'all of it'}</Table.Th>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    <del>{readable(change.before)}</del>
                  </Table.Td>
                  <Table.Td style={{ overflowWrap: 'anywhere' }}>
                    <ins>{readable(change.after)}</ins>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </TableFrame>
      )}
    </div>
  );
}

function Side({ title, value }: { title: string; value: unknown }) {
  return (
    <div>
      <Title order={2} size="h6" mb={4}>
        {title}
      </Title>
      <RawText label={title} value={value} />
    </div>
  );
}
