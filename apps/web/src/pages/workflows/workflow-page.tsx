import { Alert, Badge, Group, Stack, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Info } from 'lucide-react';
import { isProblem } from '../../api/problem.ts';
import { fromWorkflows } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { TabList } from '../../ui/tab-list.tsx';
import { Time } from '../../ui/time.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { ActionBar } from './action-bar.tsx';
import { Chat } from './chat.tsx';
import { Files } from './files.tsx';
import { Log } from './log.tsx';
import { Results } from './results.tsx';
import { Samples } from './samples.tsx';
import { Steps } from './steps.tsx';
import { StillHolds } from './still-holds.tsx';
import type { Workflow } from './types.ts';
import { Waiting } from './waiting.tsx';

/** One workflow: how it stands, what can be done with it now, and all that belongs to it. */
export default function WorkflowPage() {
  const { id = '' } = useParams({ strict: false });
  const query = useQuery(
    keptLive(fromWorkflows.read('/workflows/{id}', { params: { path: { id } } }), `run:${id}`),
  );
  if (query.isPending) return <LoadingRows what="the workflow" />;
  if (!query.data)
    return isProblem(query.error, 'workflow_not_found') ? (
      <Gone />
    ) : (
      <Failed error={query.error} retry={query.refetch} />
    );
  return (
    <>
      <OneWorkflow workflow={query.data} />
      <Failed error={query.error} retry={query.refetch} />
    </>
  );
}

const Gone = () => (
  <>
    <PageHeader title="No such workflow" />
    <Empty title="It may have been deleted" action={<PageLink to="/workflows">All workflows</PageLink>}>
      Only a workflow that was never started can be deleted.
    </Empty>
  </>
);

const tabs = ['steps', 'samples', 'log', 'results', 'files', 'chat'] as const;

function OneWorkflow({ workflow }: { workflow: Workflow }) {
  const [{ tab }, setFilters] = useFilters<'tab'>();
  const shown = tabs.find((name) => name === tab) ?? 'steps';
  const toldByStep = shown === 'steps' && workflow.steps.some(({ error }) => error !== null);
  return (
    <>
      <PageHeader title={workflow.name} actions={<ActionBar workflow={workflow} />} />
      <Facts workflow={workflow} />
      <Stack gap="md" mb="lg">
        {workflow.status === 'failed' && (
          <StillHolds workflow={workflow} why={toldByStep ? null : workflow.status_reason} />
        )}
        {workflow.status_reason && workflow.status !== 'failed' && (
          <Alert
            variant="outline"
            bg="var(--lab-surface)"
            color="orange"
            icon={<Info aria-hidden />}
            title={`Why it is ${workflow.status}`}
          >
            {workflow.status_reason}
          </Alert>
        )}
        {workflow.status === 'queued' && <Waiting workflow={workflow} />}
      </Stack>
      <Tabs
        value={shown}
        onChange={(name) => setFilters({ tab: name === 'steps' || name === null ? undefined : name })}
        keepMounted={false}
      >
        <TabList shown={shown}>
          <Tabs.Tab value="steps">Steps</Tabs.Tab>
          <Tabs.Tab
            value="samples"
            rightSection={
              <Badge size="sm" variant="default" tt="none">
                {workflow.samples.length}
              </Badge>
            }
          >
            Samples
          </Tabs.Tab>
          <Tabs.Tab value="log">Log</Tabs.Tab>
          <Tabs.Tab value="results">Results</Tabs.Tab>
          <Tabs.Tab value="files">Files</Tabs.Tab>
          <Tabs.Tab value="chat">Chat</Tabs.Tab>
        </TabList>
        <Tabs.Panel value="steps">
          <Steps workflow={workflow} />
        </Tabs.Panel>
        <Tabs.Panel value="samples">
          <Samples samples={workflow.samples} />
        </Tabs.Panel>
        <Tabs.Panel value="log">
          <Log workflowId={workflow.id} />
        </Tabs.Panel>
        <Tabs.Panel value="results">
          <Results workflow={workflow} />
        </Tabs.Panel>
        <Tabs.Panel value="files">
          <Files workflowId={workflow.id} />
        </Tabs.Panel>
        <Tabs.Panel value="chat">
          <Chat room={`run:${workflow.id}`} />
        </Tabs.Panel>
      </Tabs>
    </>
  );
}

function Facts({ workflow }: { workflow: Workflow }) {
  const { device_id, status, auto, priority, created_at, started_at, finished_at, id } = workflow;
  return (
    <Group gap="md" mb="md" mt={-8}>
      <StatusBadge status={status} />
      <Text size="sm">
        on{' '}
        <PageLink to="/queue/$device" params={{ device: device_id }} size="sm">
          {device_id}
        </PageLink>
      </Text>
      {auto && <Text size="sm">runs automatically</Text>}
      {priority !== 'normal' && <Text size="sm">{priority} priority</Text>}
      <Text size="sm" c="dimmed">
        {finished_at ? (
          <>
            ended <Time at={finished_at} />
          </>
        ) : started_at ? (
          <>
            started <Time at={started_at} />
          </>
        ) : (
          <>
            created <Time at={created_at} />
          </>
        )}
      </Text>
      <Text size="xs" c="dimmed" ff="monospace" visibleFrom="sm">
        {id}
      </Text>
    </Group>
  );
}
