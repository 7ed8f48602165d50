import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ServiceName } from '../../api/each-service.ts';

/** To the page of one job. */
export function JobLink({
  service,
  id,
  strong,
  children,
}: {
  service: ServiceName;
  id: string;
  strong?: boolean;
  children: ReactNode;
}) {
  return (
    <Anchor
      size="sm"
      {...(strong ? { fw: 600 } : {})}
      renderRoot={(props) => <Link to="/jobs/$service/$id" params={{ service, id }} {...props} />}
    >
      {children}
    </Anchor>
  );
}

/** What the page of all jobs is to show. */
export interface JobsSearch {
  view?: string;
  service?: ServiceName;
  queue?: string;
  key?: string;
  state?: string;
}

export function JobsLink({
  search,
  strong,
  inText,
  children,
}: {
  search: JobsSearch;
  strong?: boolean;
  /** Within a sentence colour alone does not tell. */
  inText?: boolean;
  children: ReactNode;
}) {
  return (
    <Anchor
      size="sm"
      underline={inText ? 'always' : 'hover'}
      {...(strong ? { fw: 600 } : {})}
      renderRoot={(props) => <Link to="/jobs" search={{ ...search }} {...props} />}
    >
      {children}
    </Anchor>
  );
}
