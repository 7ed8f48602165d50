import { Box, Text } from '@mantine/core';
import { WifiOff } from 'lucide-react';
import { useConnection, useConnectionState } from '../live/live.tsx';
import classes from './offline-banner.module.css';
import { clockTime } from './times.ts';

/** Above every page while the laboratory cannot be reached: of when is what is shown. */
export function OfflineBanner() {
  const connection = useConnection();
  const offline = useConnectionState() === 'offline';
  return (
    <div role="status">
      {offline && (
        <Box className={classes.banner}>
          <WifiOff size={18} aria-hidden />
          <Text size="sm">
            The connection to the laboratory is lost. What you see is as it was at{' '}
            {clockTime(connection.lostAt())}, and what you have typed stays. It is tried again all the time.
          </Text>
        </Box>
      )}
    </div>
  );
}
