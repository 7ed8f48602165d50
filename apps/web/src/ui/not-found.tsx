import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { Empty } from './empty.tsx';

/** An address that leads nowhere. */
export function NotFound() {
  return (
    <Empty
      title="There is no such page"
      icon={Compass}
      action={
        <Anchor component={Link} to="/">
          Back to the laboratory
        </Anchor>
      }
    >
      The address may be mistyped, or what it led to is gone.
    </Empty>
  );
}
