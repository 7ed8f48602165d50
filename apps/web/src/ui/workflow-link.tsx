import { useQuery } from '@tanstack/react-query';
import { isProblem } from '../api/problem.ts';
import { fromWorkflows } from '../api/services.ts';
import { PageLink } from './page-link.tsx';

/** A link to a workflow of which only the id is known: its name, once that is there. */
export function WorkflowLink({ id }: { id: string }) {
  const { data, error } = useQuery({
    ...fromWorkflows.read('/workflows/{id}', { params: { path: { id } } }),
    staleTime: 300_000,
  });
  // A device can be booked in any name.
  if (isProblem(error, 'workflow_not_found')) return <span>{id}</span>;
  return (
    <PageLink to="/workflows/$id" params={{ id }} inherit>
      {data?.name ?? id}
    </PageLink>
  );
}
