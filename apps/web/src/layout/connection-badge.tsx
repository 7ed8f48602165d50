import { Tooltip } from '@mantine/core';
import { useConnectionState } from '../live/live.tsx';
import classes from './connection-badge.module.css';

const says = {
  starting: { word: 'Connecting', text: 'The connection to the laboratory is being made.' },
  live: { word: 'Live', text: 'What you see changes as the laboratory does.' },
  offline: { word: 'Offline', text: 'The connection is lost, and is tried again all the time.' },
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
