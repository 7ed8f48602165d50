import { Table, Text } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { RawText } from './facts.tsx';
import { readName } from './quantity.ts';
import { TableFrame } from './table-frame.tsx';
import { lineText, type Shape, shapeOf } from './value-shape.ts';
import classes from './values.module.css';

/** What was given or measured, by name and with its unit, and as JSON where somebody wants that; nothing where there is nothing. */
export function Values({
  title,
  values,
  bare = false,
  labels = {},
}: {
  title: string;
  values: Readonly<Record<string, unknown>>;
  /** Where its place says what it is. */
  bare?: boolean;
  /** What people were asked, by name. */
  labels?: Labels;
}) {
  const entries = Object.entries(values);
  if (entries.length === 0) return null;
  const nested = entries.some(([, value]) => shapeOf(value).kind !== 'line');
  return (
    <div>
      {!bare && (
        <Text size="xs" fw={700} c="dimmed">
          {title}
        </Text>
      )}
      <Named title={title} entries={entries} labels={labels} />
      {nested && <Json title={title} value={values} />}
    </div>
  );
}

/** One value, however deep it goes. */
export function Value({ name, value }: { name: string; value: unknown }) {
  const shape = shapeOf(value);
  return shape.kind === 'line' ? lineText(name, shape.text, value) : <Nested name={name} shape={shape} />;
}

/** Of a form: the question, and the unit of its answer. */
export type Labels = Readonly<Record<string, { readonly label: string; readonly unit?: string | undefined }>>;

function Named({
  title,
  entries,
  labels = {},
}: {
  title: string;
  entries: readonly (readonly [string, unknown])[];
  labels?: Labels;
}) {
  const told = entries.map(([name, value]) => ({ name, value, shape: shapeOf(value) }));
  const deep = told.filter(({ shape }) => shape.kind !== 'line');
  const lines = told.filter(({ shape }) => shape.kind === 'line');
  return (
    <dl className={classes.values} aria-label={title}>
      {[...lines, ...deep].map(({ name, value, shape }) => (
        <div key={name} className={classes.value} data-deep={shape.kind !== 'line' || undefined}>
          <Text component="dt" size="xs" c="dimmed">
            {labels[name]?.label ?? readName(name).words}
          </Text>
          <dd>
            {labels[name] && shape.kind === 'line' ? (
              `${shape.text}${labels[name].unit ? ` ${labels[name].unit}` : ''}`
            ) : (
              <Value name={name} value={value} />
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Nested({ name, shape }: { name: string; shape: Exclude<Shape, { kind: 'line' }> }) {
  const { words, unit } = readName(name);
  if (shape.kind === 'wells') return <Wells name={unit ? `${words}, ${unit}` : words} shape={shape} />;
  return (
    <div className={classes.nested}>
      {shape.kind === 'named' ? (
        <Named title={words} entries={shape.entries} />
      ) : (
        <ol className={classes.list}>
          {shape.items.map((item, index) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: they have no names, and never change places
            <li key={index}>
              <Value name={name} value={item} />
            </li>
          ))}
        </ol>
      )}
    </div>
  );
}

function Wells({ name, shape: { rows, columns } }: { name: string; shape: Shape & { kind: 'wells' } }) {
  const count = rows.reduce((sum, { cells }) => sum + cells.size, 0);
  return (
    <Disclosure text={`${count} wells`}>
      <TableFrame label={`Wells: ${name}`}>
        <Table horizontalSpacing={6} verticalSpacing={2} className={classes.wells}>
          <Table.Thead>
            <Table.Tr>
              <Table.Td />
              {columns.map((column) => (
                <Table.Th key={column} scope="col" data-align="right">
                  {column}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {rows.map(({ name: row, cells }) => (
              <Table.Tr key={row}>
                <Table.Th scope="row">{row}</Table.Th>
                {columns.map((column) => (
                  <Table.Td key={column} data-align="right">
                    {cells.get(column) ?? ''}
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </TableFrame>
    </Disclosure>
  );
}

const Json = ({ title, value }: { title: string; value: unknown }) => (
  <Disclosure text="As JSON">
    <RawText label={`${title} as JSON`} value={value} />
  </Disclosure>
);

/** What is inside is laid out once it is asked for: a plate has hundreds of wells, and a page many steps. */
function Disclosure({ text, children }: { text: string; children: ReactNode }) {
  const [open, setOpen] = useState(false);
  return (
    <details className={classes.more} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{text}</summary>
      {open && children}
    </details>
  );
}
