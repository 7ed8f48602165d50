import { Text } from '@mantine/core';
import { readName } from '../../ui/quantity.ts';
import classes from './values.module.css';

/** What was given or measured, by name and with its unit; nothing where there is nothing. */
export function Values({
  title,
  values,
  bare = false,
}: {
  title: string;
  values: Readonly<Record<string, unknown>>;
  /** Where its place says what it is. */
  bare?: boolean;
}) {
  const entries = Object.entries(values);
  if (entries.length === 0) return null;
  return (
    <div>
      {!bare && (
        <Text size="xs" fw={700} c="dimmed">
          {title}
        </Text>
      )}
      <dl className={classes.values} aria-label={title}>
        {entries.map(([name, value]) => {
          const { words, unit } = readName(name);
          return (
            <div key={name} className={classes.value}>
              <Text component="dt" size="xs" c="dimmed">
                {words}
              </Text>
              <dd>
                {text(value)}
                {unit && typeof value === 'number' ? ` ${unit}` : ''}
              </dd>
            </div>
          );
        })}
      </dl>
    </div>
  );
}

/** As much of it as fits in a line; the log has all of it. */
function text(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  const written = JSON.stringify(value);
  return written.length > 120 ? `${written.slice(0, 119)}…` : written;
}
