import { Alert } from '@mantine/core';
import { Info, type LucideIcon } from 'lucide-react';
import type { ReactNode } from 'react';
import classes from './notice.module.css';

/** Something that has to be known before one goes on, and is no error. `urgent` is read out at once. */
export function Notice({
  title,
  icon: Icon = Info,
  urgent = false,
  children,
}: {
  title: string;
  icon?: LucideIcon;
  urgent?: boolean;
  children?: ReactNode;
}) {
  return (
    <Alert
      role={urgent ? 'alert' : 'status'}
      color={urgent ? 'yellow' : 'gray'}
      variant="outline"
      bg="var(--lab-surface)"
      icon={<Icon aria-hidden />}
      title={title}
      classNames={{ title: classes.title, icon: classes.icon }}
    >
      {children}
    </Alert>
  );
}
