import { Box, Group, Text, VisuallyHidden } from '@mantine/core';
import { type KeyboardEvent, type PointerEvent, useId, useState } from 'react';
import { shortTime } from '../../ui/times.ts';
import classes from './chart.module.css';
import { niceTop } from './nice.ts';

export interface Line {
  readonly name: string;
  /** One of the four colours of the charts; each has a dash of its own too. */
  readonly tone: 1 | 2 | 3 | 4;
  /** One for each time; null: nothing is known. */
  readonly values: readonly (number | null)[];
}

const width = 420;
const height = 170;
const room = { left: 52, right: 8, top: 10, bottom: 24 };

/**
 * Lines over time: drawn as they are, without a library. The arrow keys go from point to point, and what is there is said in words; the same
 * numbers stand in a table for whoever does not look at pictures.
 */
export function Chart({
  title,
  times,
  lines,
  format,
}: {
  title: string;
  /** ISO 8601, in even steps. */
  times: readonly string[];
  lines: readonly Line[];
  format: (value: number) => string;
}) {
  const [at, setAt] = useState<number>();
  const id = useId();
  const top = niceTop(Math.max(0, ...lines.flatMap(({ values }) => values.map((value) => value ?? 0))));
  const x = (index: number) =>
    room.left + (index / Math.max(1, times.length - 1)) * (width - room.left - room.right);
  const y = (value: number) => height - room.bottom - (value / top) * (height - room.top - room.bottom);
  const marks = [0, top / 2, top];
  const clocks = [0, Math.floor((times.length - 1) / 2), times.length - 1].filter((index) => index >= 0);
  const now = times.at(-1);

  const point = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const part =
      (((event.clientX - box.left) / box.width) * width - room.left) / (width - room.left - room.right);
    setAt(Math.min(times.length - 1, Math.max(0, Math.round(part * (times.length - 1)))));
  };
  const step = (event: KeyboardEvent) => {
    const move = { ArrowLeft: -1, ArrowRight: 1, Home: -times.length, End: times.length }[event.key];
    if (move === undefined) return;
    event.preventDefault();
    setAt((before) => Math.min(times.length - 1, Math.max(0, (before ?? times.length - 1) + move)));
  };
  const told = at === undefined ? undefined : times[at];

  return (
    <figure className={classes.figure}>
      <figcaption>
        <Group justify="space-between" gap="xs" wrap="wrap">
          <Text fw={600} size="sm" id={id}>
            {title}
          </Text>
          <Group gap="md" aria-hidden>
            {lines.map(({ name, tone }) => (
              <span key={name} className={classes.legend} data-tone={tone}>
                {name}
              </span>
            ))}
          </Group>
        </Group>
      </figcaption>
      <div
        role="slider"
        className={classes.plot}
        tabIndex={0}
        aria-labelledby={id}
        aria-valuemin={0}
        aria-valuemax={Math.max(0, times.length - 1)}
        aria-valuenow={at ?? Math.max(0, times.length - 1)}
        aria-valuetext={say(times, lines, at ?? times.length - 1, format)}
        onPointerMove={point}
        onPointerLeave={() => setAt(undefined)}
        onKeyDown={step}
        onBlur={() => setAt(undefined)}
      >
        <svg viewBox={`0 0 ${width} ${height}`} className={classes.chart} aria-hidden>
          {marks.map((mark) => (
            <g key={mark}>
              <line
                className={classes.grid}
                x1={room.left}
                x2={width - room.right}
                y1={y(mark)}
                y2={y(mark)}
              />
              <text className={classes.mark} x={room.left - 6} y={y(mark) + 4} textAnchor="end">
                {format(mark)}
              </text>
            </g>
          ))}
          {clocks.map((index, place) => (
            <text
              key={index}
              className={classes.mark}
              x={x(index)}
              y={height - 6}
              textAnchor={place === 0 ? 'start' : place === clocks.length - 1 ? 'end' : 'middle'}
            >
              {shortTime(times[index] ?? '', now ? new Date(now).getTime() : undefined)}
            </text>
          ))}
          {lines.map(({ name, tone, values }) => (
            <path key={name} className={classes.line} data-tone={tone} d={pathOf(values, x, y)} />
          ))}
          {at !== undefined && (
            <g>
              <line
                className={classes.cursor}
                x1={x(at)}
                x2={x(at)}
                y1={room.top}
                y2={height - room.bottom}
              />
              {lines.map(({ name, tone, values }) => {
                const value = values[at];
                return value == null ? null : (
                  <circle
                    key={name}
                    className={classes.dot}
                    data-tone={tone}
                    cx={x(at)}
                    cy={y(value)}
                    r={4}
                  />
                );
              })}
            </g>
          )}
        </svg>
      </div>
      <Box className={classes.told} aria-hidden>
        {told === undefined
          ? 'Point at the chart, or go through it with the arrow keys.'
          : say(times, lines, at ?? 0, format)}
      </Box>
      <VisuallyHidden>
        <table>
          <caption>{title}</caption>
          <thead>
            <tr>
              <th scope="col">Time</th>
              {lines.map(({ name }) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {times.map((time, index) => (
              <tr key={time}>
                <th scope="row">{shortTime(time)}</th>
                {lines.map(({ name, values }) => (
                  <td key={name}>{textOf(values[index], format)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </VisuallyHidden>
    </figure>
  );
}

const textOf = (value: number | null | undefined, format: (value: number) => string) =>
  value == null ? 'nothing' : format(value);

function say(
  times: readonly string[],
  lines: readonly Line[],
  index: number,
  format: (value: number) => string,
): string {
  const time = times[index];
  if (time === undefined) return 'nothing was recorded';
  return `${shortTime(time)}: ${lines.map(({ name, values }) => `${name} ${textOf(values[index], format)}`).join(', ')}`;
}

/** Where nothing is known the line has a gap; a point on its own is a short stroke. */
function pathOf(
  values: readonly (number | null)[],
  x: (index: number) => number,
  y: (value: number) => number,
): string {
  return values
    .map((value, index) => {
      if (value === null) return '';
      const joined = index > 0 && values[index - 1] != null;
      const alone = !joined && values[index + 1] == null;
      return `${joined ? 'L' : 'M'}${x(index).toFixed(1)} ${y(value).toFixed(1)}${alone ? 'h2' : ''}`;
    })
    .join('');
}
