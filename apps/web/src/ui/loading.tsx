import { SimpleGrid, Skeleton, Stack, VisuallyHidden } from '@mantine/core';

/** The shape of what comes. `what` is said to screen readers: `devices`. */
export function LoadingRows({ what, rows = 6 }: { what: string; rows?: number }) {
  return (
    <Stack gap="xs" aria-busy="true">
      <VisuallyHidden role="status">Loading {what}</VisuallyHidden>
      {range(rows).map((row) => (
        <Skeleton key={row} height={36} radius="sm" />
      ))}
    </Stack>
  );
}

export function LoadingCards({ what, cards = 6 }: { what: string; cards?: number }) {
  return (
    <div aria-busy="true">
      <VisuallyHidden role="status">Loading {what}</VisuallyHidden>
      <SimpleGrid cols={{ base: 1, sm: 2, lg: 3 }}>
        {range(cards).map((card) => (
          <Skeleton key={card} height={190} radius="md" />
        ))}
      </SimpleGrid>
    </div>
  );
}

const range = (length: number) => Array.from({ length }, (_, index) => index);
