import { Group, Text, Title } from '@mantine/core';
import { type ReactNode, useEffect } from 'react';

/** The one heading of a page, which is the title of its tab too; what can be done stands to the right. */
export function PageHeader({
  title,
  children,
  actions,
}: {
  title: string;
  /** A sentence on what this page shows. */
  children?: ReactNode;
  actions?: ReactNode;
}) {
  useEffect(() => {
    document.title = `${title} · Labwright`;
  }, [title]);
  return (
    <Group justify="space-between" align="flex-end" mb="lg" gap="sm">
      <div data-tour="title">
        <Title order={1} size="h2">
          {title}
        </Title>
        {children && <Text c="dimmed">{children}</Text>}
      </div>
      {actions && (
        <Group gap="xs" data-tour="actions">
          {actions}
        </Group>
      )}
    </Group>
  );
}
