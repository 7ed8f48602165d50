import { Alert, Button, Group, List, Text } from '@mantine/core';
import { CircleAlert, WifiOff } from 'lucide-react';
import { ApiProblem } from '../api/problem.ts';

/**
 * What went wrong, in the words of the service, where it happened. `retry` is offered where trying again may help. Nothing is shown
 * without an error, so it may stand below every form.
 */
export function Failed({ error, retry }: { error: unknown; retry?: (() => unknown) | undefined }) {
  if (!error) return null;
  const problem = error instanceof ApiProblem ? error : undefined;
  const away = problem?.status === 0;
  return (
    <Alert
      role="alert"
      color="red"
      variant="outline"
      radius="md"
      bg="var(--lab-surface)"
      icon={away ? <WifiOff aria-hidden /> : <CircleAlert aria-hidden />}
      title={problem?.title ?? 'That did not work'}
    >
      <Text size="sm">{error instanceof Error ? error.message : String(error)}</Text>
      {problem && problem.faults.length > 0 && (
        <List size="sm" mt="xs">
          {problem.faults.map(({ path, message }) => (
            <List.Item key={`${path} ${message}`}>
              <code>{path}</code> {message}
            </List.Item>
          ))}
        </List>
      )}
      <Group justify="space-between" mt="xs" gap="xs">
        {problem && !away ? (
          <Text size="xs" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {problem.code}
            {problem.requestId ? ` · request ${problem.requestId}` : ''}
          </Text>
        ) : (
          <span />
        )}
        {retry && (
          <Button size="xs" variant="default" onClick={() => void retry()}>
            Try again
          </Button>
        )}
      </Group>
    </Alert>
  );
}
