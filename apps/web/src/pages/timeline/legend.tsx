import { Text, useComputedColorScheme } from '@mantine/core';
import type { Bar } from './bars.ts';
import { paletteOf } from './drawing.ts';
import classes from './legend.module.css';

const entries: readonly [Bar['kind'], string][] = [
  ['succeeded', 'succeeded'],
  ['failed', 'failed'],
  ['unknown', 'outcome unknown'],
  ['running', 'running'],
  ['held', 'expected of the holder'],
  ['expected', 'waits'],
];

/** Which colour is what, and how the picture is moved. */
export function Legend() {
  const { kinds, now } = paletteOf(useComputedColorScheme('light'));
  return (
    <div className={classes.legend}>
      <ul>
        {entries.map(([kind, word]) => (
          <li key={kind}>
            <svg width="22" height="14" aria-hidden="true">
              <rect width="22" height="14" fill={kinds[kind].fill} />
              <rect y="12" width="22" height="2" fill={kinds[kind].line} />
              {kind !== 'succeeded' && <rect width="22" height="2" fill={kinds[kind].line} />}
            </svg>
            {word}
          </li>
        ))}
        <li>
          <svg width="4" height="14" aria-hidden="true">
            <rect width="2" height="14" fill={now} />
          </svg>
          now
        </li>
      </ul>
      <Text size="xs" c="dimmed" visibleFrom="sm">
        Drag to move, Ctrl and the wheel to come nearer. By keyboard: arrows, + and −, N for now.
      </Text>
    </div>
  );
}
