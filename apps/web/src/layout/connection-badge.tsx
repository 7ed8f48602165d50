import { Tooltip } from '@mantine/core';
import { useConnectionState } from '../live/live.tsx';
import classes from './connection-badge.module.css';

const says = {
  starting: { word: 'Connecting', text: 'Connecting to the laboratory.' },
  live: { word: 'Live', text: 'This page updates by itself.' },
  offline: { word: 'Offline', text: 'The connection is lost. Reconnecting …' },
} as const;

export function ConnectionBadge() {
  const state = useConnectionState();
  const { word, text } = says[state];
  return (
    <Tooltip label={text}>
      <span
        className={classes.badge}
        data-state={state}
        data-tour="live"
        role="status"
        aria-label={`Connection: ${word}`}
      >
        <span className={classes.word}>{word}</span>
      </span>
    </Tooltip>
  );
}
