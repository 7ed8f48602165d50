import { Button, Group, Stack, Text, Title } from '@mantine/core';
import type { ErrorComponentProps } from '@tanstack/react-router';
import { ApiProblem } from '../api/problem.ts';
import { Failed } from './failed.tsx';

/** A page that broke. The rest of the pages goes on. */
export function PageBroke({ error, reset }: ErrorComponentProps) {
  if (error instanceof ApiProblem) return <Failed error={error} retry={reset} />;
  return (
    <Stack role="alert" gap="xs" py="xl" maw={560}>
      <Title order={1} size="h3">
        This page has a fault
      </Title>
      <Text>
        The laboratory itself is not touched by it. Try the page again; if it stays so, tell whoever looks
        after Labwright what stands here:
      </Text>
      <Text ff="monospace" size="sm">
        {error instanceof Error ? error.message : String(error)}
      </Text>
      <Group>
        <Button onClick={reset}>Try again</Button>
        <Button variant="default" onClick={() => location.reload()}>
          Load everything anew
        </Button>
      </Group>
    </Stack>
  );
}
