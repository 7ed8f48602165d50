import { Stack, Text, Title } from '@mantine/core';
import { Fact, Facts } from '../../ui/facts.tsx';
import { SideSheet } from '../../ui/side-sheet.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { fullTime, took } from '../../ui/times.ts';
import { Values } from '../../ui/values.tsx';
import type { Log } from './log.ts';

/** All that is on record of one operation. */
export function LogDrawer({ log, onClose }: { log: Log | undefined; onClose: () => void }) {
  return (
    <SideSheet
      opened={log !== undefined}
      onClose={onClose}
      title={log ? `${log.operation} on ${log.device_id}` : ''}
    >
      {log && (
        <Stack>
          <Facts>
            <Fact name="Status">
              <StatusBadge status={log.status} />
            </Fact>
            <Fact name="Began">{fullTime(log.started_at)}</Fact>
            {log.finished_at && <Fact name="Ended">{fullTime(log.finished_at)}</Fact>}
            <Fact name="Took">{log.duration_ms === null ? '–' : took(log.duration_ms)}</Fact>
            <Fact name="Device">
              {log.device_id} ({log.device_type})
            </Fact>
            <Fact name="Workflow">{log.workflow_id ?? 'none'}</Fact>
            <Fact name="Fencing token">{log.fencing_token ?? 'none'}</Fact>
            <Fact name="Attempt">{log.execution_id ?? 'not named'}</Fact>
          </Facts>
          {log.error && (
            <div>
              <Title order={2} size="h6">
                What went wrong
              </Title>
              <Text size="sm">{log.error.message}</Text>
              <Text size="xs" c="dimmed">
                {log.error.code}
              </Text>
            </div>
          )}
          <Part title="Parameters" values={log.parameters} />
          {log.result && <Part title="Result" values={log.result} />}
        </Stack>
      )}
    </SideSheet>
  );
}

function Part({ title, values }: { title: string; values: Readonly<Record<string, unknown>> }) {
  return (
    <div>
      <Title order={2} size="h6" mb={4}>
        {title}
      </Title>
      {Object.keys(values).length === 0 ? (
        <Text size="sm">None</Text>
      ) : (
        <Values title={title} values={values} bare />
      )}
    </div>
  );
}
