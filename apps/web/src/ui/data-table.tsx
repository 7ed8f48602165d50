import { Button, Center, Table, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { Failed } from './failed.tsx';
import { LoadingRows } from './loading.tsx';
import { TableFrame } from './table-frame.tsx';

export interface Column<Row> {
  readonly key: string;
  readonly title: string;
  readonly cell: (row: Row) => ReactNode;
  /** Numbers stand to the right. */
  readonly align?: 'right';
}

/** The part of `useInfiniteQuery` that a table needs. */
interface PagedQuery<Page> {
  readonly data: { readonly pages: readonly Page[] } | undefined;
  readonly error: unknown;
  readonly isPending: boolean;
  readonly hasNextPage: boolean;
  readonly isFetchingNextPage: boolean;
  readonly fetchNextPage: () => unknown;
  readonly refetch: () => unknown;
}

export interface DataTableProps<Page, Row> {
  /** What is in it, for screen readers: `Workflows`. */
  caption: string;
  query: PagedQuery<Page>;
  rows: (page: Page) => readonly Row[];
  rowKey: (row: Row) => string;
  columns: readonly Column<Row>[];
  /** What stands there when nothing is found. */
  empty: ReactNode;
}

/** A list in keyset pages with its own loading, error and empty states. The first cell of each row says what the row is about. */
export function DataTable<Page, Row>({
  caption,
  query,
  rows,
  rowKey,
  columns,
  empty,
}: DataTableProps<Page, Row>) {
  if (query.isPending) return <LoadingRows what={caption} />;
  const found = query.data?.pages.flatMap(rows) ?? [];
  if (query.error && found.length === 0) return <Failed error={query.error} retry={query.refetch} />;
  if (found.length === 0) return empty;
  return (
    <>
      <TableFrame label={caption} cards>
        <Table verticalSpacing="xs" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              {columns.map(({ key, title, align }) => (
                <Table.Th key={key} data-align={align} scope="col">
                  {title}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {found.map((row) => (
              <Table.Tr key={rowKey(row)}>
                {columns.map(({ key, title, cell, align }, index) => (
                  <Table.Td key={key} data-align={align} data-label={index === 0 ? undefined : title}>
                    {cell(row)}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </TableFrame>
      <Center mt="md">
        {query.hasNextPage ? (
          <Button
            variant="default"
            loading={query.isFetchingNextPage}
            onClick={() => void query.fetchNextPage()}
          >
            Show more
          </Button>
        ) : (
          <Text size="sm" c="dimmed">
            {found.length === 1 ? 'One in all' : `${found.length} in all`}
          </Text>
        )}
      </Center>
      <Failed error={query.error} retry={query.refetch} />
    </>
  );
}
