import { Group, Text } from '@mantine/core';
import { type FocusEvent, type KeyboardEvent, type MouseEvent, memo, useRef, useState } from 'react';
import classes from './plate-view.module.css';
import { levels, type Measure, placeAfter, rowName, type Scale, shortNumber, wellName } from './wells.ts';

const range = (length: number) => Array.from({ length }, (_, index) => index);

interface Wells {
  rows: number;
  columns: number;
  /** By the name of the well. */
  barcodes: ReadonlyMap<string, string>;
  measure: Measure | undefined;
  scale: Scale | undefined;
}

/** Room for a number in each well; for a small one; or none, and the well says it when it is pointed at or chosen. */
const densityOf = (columns: number) => (columns <= 12 ? 'wide' : columns <= 24 ? 'middle' : 'dense');

const placeOf = ({ dataset: { row, column } }: HTMLElement) =>
  row === undefined || column === undefined ? undefined : { row: Number(row), column: Number(column) };

/** A plate as it lies there, up to 32 × 48 wells. One well takes the focus; keys move it. */
export function PlateWells({
  name,
  chosen,
  onChoose,
  ...wells
}: Wells & { name: string; chosen: string | undefined; onChoose: (well: string) => void }) {
  const { rows, columns } = wells;
  const table = useRef<HTMLTableElement>(null);
  const [at, setAt] = useState({ row: 0, column: 0 });

  // Of the table, not of 1,536 wells.
  const wellOf = ({ target }: { target: EventTarget }) =>
    target instanceof Element ? target.closest<HTMLElement>('[data-well]') : null;
  const move = (event: KeyboardEvent) => {
    const from = wellOf(event);
    const place = from && placeOf(from);
    const next = place && placeAfter(event, place, { rows, columns });
    if (!next) return;
    event.preventDefault();
    table.current
      ?.querySelector<HTMLElement>(`[data-well="${wellName(next.row, next.column)}"]`)
      ?.focus({ preventScroll: false });
  };
  const follow = (event: FocusEvent) => {
    const well = wellOf(event);
    const place = well && placeOf(well);
    if (place) setAt(place);
  };
  const choose = (event: MouseEvent) => {
    const well = wellOf(event)?.dataset.well;
    if (well !== undefined) onChoose(well);
  };

  return (
    <div className={classes.frame}>
      <table
        ref={table}
        className={classes.plate}
        data-density={densityOf(columns)}
        aria-label={`Wells of ${name}`}
        onKeyDown={move}
        onFocus={follow}
        onClick={choose}
      >
        <thead>
          <tr>
            <td />
            {range(columns).map((column) => (
              <th key={column} scope="col">
                {column + 1}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {range(rows).map((row) => (
            <WellRow
              key={row}
              row={row}
              {...wells}
              focus={at.row === row ? at.column : -1}
              chosen={chosen !== undefined && isInRow(chosen, row) ? chosen : undefined}
            />
          ))}
        </tbody>
      </table>
    </div>
  );
}

const isInRow = (well: string, row: number) => well.replace(/\d+$/, '') === rowName(row);

/** Drawn anew where something of it has changed: the focus that moves changes two of 32 rows. */
const WellRow = memo(function WellRow({
  row,
  columns,
  barcodes,
  measure,
  scale,
  focus,
  chosen,
}: Wells & { row: number; focus: number; chosen: string | undefined }) {
  const dense = densityOf(columns) === 'dense';
  return (
    <tr>
      <th scope="row">{rowName(row)}</th>
      {range(columns).map((column) => {
        const well = wellName(row, column);
        const value = measure?.values.get(well);
        const barcode = barcodes.get(well);
        const told = [
          well,
          barcode ?? 'empty',
          ...(value === undefined || !measure
            ? []
            : [`${measure.label} ${value}${measure.unit ? ` ${measure.unit}` : ''}`]),
        ].join(', ');
        return (
          <td key={well}>
            <button
              type="button"
              className={classes.well}
              data-well={well}
              data-row={row}
              data-column={column}
              data-level={value === undefined ? undefined : scale?.levelOf(value)}
              data-empty={barcode === undefined || undefined}
              data-chosen={chosen === well || undefined}
              aria-pressed={chosen === well}
              aria-label={told}
              title={told}
              tabIndex={focus === column ? 0 : -1}
            >
              {dense ? null : value === undefined ? (barcode ? '•' : '') : shortNumber(value)}
            </button>
          </td>
        );
      })}
    </tr>
  );
});

/** What the colours mean. */
export function Legend({ measure, scale }: { measure: Measure; scale: Scale }) {
  const unit = measure.unit ? ` ${measure.unit}` : '';
  return (
    <Group
      gap="xs"
      role="img"
      aria-label={`Colours from ${scale.least}${unit}, faint, to ${scale.most}${unit}, strong`}
    >
      <Text size="sm">
        {shortNumber(scale.least)}
        {unit}
      </Text>
      <Group gap={0}>
        {range(levels).map((level) => (
          <span key={level} className={classes.swatch} data-level={level} />
        ))}
      </Group>
      <Text size="sm">
        {shortNumber(scale.most)}
        {unit}
      </Text>
    </Group>
  );
}
