import { Button, Card, Grid, Group, List, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Ban, GitCompareArrows, Hand, RotateCcw, Undo2 } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useSession } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { keptLive } from '../../live/refresh.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { Time } from '../../ui/time.tsx';
import { useNow } from '../../ui/use-now.ts';
import { WorkflowLink } from '../../ui/workflow-link.tsx';
import { answerText, type Draft } from './answers.ts';
import {
  assigneeText,
  differences,
  holds,
  isActive,
  isOverdue,
  mayDo,
  mayManage,
  newerTask,
  type Task,
} from './task.ts';
import { TaskForm } from './task-form.tsx';
import { TaskHistory } from './task-history.tsx';

/** One task: what is to be done, and its form. */
export default function TaskPage() {
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const query = useQuery(keptLive(fromHub.read('/tasks/{id}', { params: { path: { id } } }), 'lab'));
  if (query.data) return <TaskView key={id} task={query.data} />;
  return (
    <>
      <PageHeader title="Task" />
      {query.error ? <Failed error={query.error} retry={query.refetch} /> : <LoadingRows what="the task" />}
    </>
  );
}

const lists = [['hub-service', '/tasks'], ['hub-service', '/tasks/{id}/history'], ['workflow-service']];

/**
 * `task` is how it stands; whoever types in the form works on what they saw when they began (`begun`), until they have been shown what is
 * different and go on with that.
 */
function TaskView({ task }: { task: Task }) {
  const session = useSession();
  const queries = useQueryClient();
  const [draft, setDraft] = useState<Draft>({});
  const [begun, setBegun] = useState<Task>();
  const [asked, setAsked] = useState<'cancel' | 'reopen'>();
  const overdue = isOverdue(task, useNow(10_000));
  const seen = begun ?? task;

  const show = (newer: Task) =>
    queries.setQueryData(
      fromHub.read('/tasks/{id}', { params: { path: { id: newer.id } } }).queryKey,
      (known) => (known && known.version > newer.version ? known : newer),
    );
  /** What this person did themselves is no news to them. */
  const follow = (changed: Task) => {
    show(changed);
    setBegun((before) => before && changed);
  };
  const given = (more: { reason?: string } = {}) => ({
    params: { path: { id: task.id } },
    body: { version: seen.version, ...more },
  });
  const claim = useAction({
    run: () => ask(hub.POST('/tasks/{id}/claim', given())),
    changes: lists,
    onDone: follow,
  });
  const release = useAction({
    run: () => ask(hub.POST('/tasks/{id}/release', given())),
    done: () => 'It is open to everybody again.',
    changes: lists,
    onDone: follow,
  });
  const cancel = useAction({
    run: (reason: string) => ask(hub.POST('/tasks/{id}/cancel', { ...given(), body: { reason } })),
    changes: lists,
    onDone: follow,
  });
  const reopen = useAction({
    run: (reason: string) => ask(hub.POST('/tasks/{id}/reopen', { ...given(), body: { reason } })),
    changes: lists,
    onDone: follow,
  });
  const onNewer = { onError: (error: unknown) => void show(newerTask(error) ?? task) };

  const news = begun && task.version > begun.version ? differences(begun, task) : [];
  const mine = mayDo(task, session);
  const manages = mayManage(task, session);
  const inHand = holds(task, session);
  const active = isActive(task);
  const mayReopen = !active && task.step === null && (manages || inHand);

  const formed = mine || (begun !== undefined && active);
  const others = (
    <Group>
      {task.status === 'in_progress' && (inHand || manages) && (
        <Button
          variant="default"
          leftSection={<Undo2 size={17} aria-hidden />}
          loading={release.isPending}
          onClick={() => release.mutate(undefined, onNewer)}
        >
          {inHand ? 'Put it back' : `Take it from ${task.holder?.name}`}
        </Button>
      )}
      {active && (inHand || manages) && (
        <Button
          variant="default"
          leftSection={<Ban size={17} aria-hidden />}
          onClick={() => setAsked('cancel')}
        >
          Cannot be done
        </Button>
      )}
      {mayReopen && (
        <Button
          variant="default"
          leftSection={<RotateCcw size={17} aria-hidden />}
          onClick={() => setAsked('reopen')}
        >
          Reopen it
        </Button>
      )}
    </Group>
  );

  return (
    <>
      <PageHeader
        title={task.title}
        actions={
          <>
            <StatusBadge status={task.status} />
            {overdue && <StatusBadge status="overdue" />}
            {task.priority !== 'normal' && active && (
              <StatusBadge status={task.priority} text={`${task.priority} priority`} />
            )}
          </>
        }
      >
        {task.holder ? `With ${inHand ? 'you' : task.holder.name}` : `For ${assigneeText(task)}`}
        {task.due_at && active && (
          <>
            {' '}
            · due <Time at={task.due_at} />
          </>
        )}
      </PageHeader>
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, md: 8 }}>
          <Stack>
            <WhereFrom task={task} />
            {seen.instructions && (
              <Card withBorder bg="var(--lab-surface)" component="section" aria-label="Instructions" py="xs">
                <Markdown text={seen.instructions} />
              </Card>
            )}
            {begun && task.version > begun.version && (
              <Notice urgent icon={GitCompareArrows} title="This task was changed meanwhile">
                {news.length > 0 && (
                  <List size="sm">
                    {news.map((line) => (
                      <List.Item key={line}>{line}</List.Item>
                    ))}
                  </List>
                )}
                <Text size="sm" my="xs">
                  {mine
                    ? 'What you filled in is kept. Check what has changed, then carry on.'
                    : 'You can no longer complete it.'}
                </Text>
                <Button
                  size="xs"
                  variant="default"
                  onClick={() => {
                    setBegun(mine ? task : undefined);
                    claim.reset();
                    release.reset();
                  }}
                >
                  {mine ? 'Carry on with the new version' : 'Show the new version'}
                </Button>
              </Notice>
            )}
            {!newerTask(claim.error) && <Failed error={claim.error} />}
            {!newerTask(release.error) && <Failed error={release.error} />}
            {!begun && newerTask(claim.error) && (
              <Notice title="Somebody else took it first">{claim.error?.message}</Notice>
            )}
            {mine && task.status === 'open' && (
              <Group>
                <Button
                  size="md"
                  variant={seen.fields.length > 0 ? 'default' : 'filled'}
                  leftSection={<Hand size={18} aria-hidden />}
                  loading={claim.isPending}
                  onClick={() => claim.mutate(undefined, onNewer)}
                >
                  Take it
                </Button>
                <Text size="sm" c="dimmed">
                  So that nobody else starts on it.
                </Text>
              </Group>
            )}
            {formed ? (
              <TaskForm
                task={seen}
                draft={draft}
                onDraft={(next) => {
                  setDraft(next);
                  setBegun((before) => before ?? task);
                }}
                onNewer={(newer) => {
                  setBegun((before) => before ?? task);
                  show(newer);
                }}
                onDone={(done) => {
                  setBegun(undefined);
                  show(done);
                }}
              >
                {others}
              </TaskForm>
            ) : (
              <Answers task={task} />
            )}
            {active && !mine && !begun && (
              <Text c="dimmed">
                {task.holder
                  ? `${task.holder.name} has it in hand.`
                  : `It is for ${assigneeText(task)}: you can read it.`}
              </Text>
            )}
            {!formed && others}
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4 }}>
          <TaskHistory id={task.id} />
        </Grid.Col>
      </Grid>
      <ConfirmWithReason
        opened={asked === 'cancel'}
        onClose={() => setAsked(undefined)}
        title={`Cancel “${task.title}”?`}
        confirm="Cancel the task"
        reason="needed"
        dangerous
        onConfirm={(reason) => cancel.mutateAsync(reason)}
      >
        Nobody needs to do it any more, or nobody can.
        {task.step !== null &&
          ' The step of the workflow that waits for it fails; somebody decides how it goes on.'}
      </ConfirmWithReason>
      <ConfirmWithReason
        opened={asked === 'reopen'}
        onClose={() => setAsked(undefined)}
        title={`Open “${task.title}” again?`}
        confirm="Open again"
        reason="needed"
        onConfirm={(reason) => reopen.mutateAsync(reason)}
      >
        It has to be done again, and what was filled in is removed.
      </ConfirmWithReason>
    </>
  );
}

function WhereFrom({ task }: { task: Task }) {
  if (!task.device_id && !task.workflow_id) return null;
  return (
    <Text size="sm">
      {task.workflow_id && (
        <>
          {task.step === null ? 'Of ' : `Step ${task.step} of `}
          <WorkflowLink id={task.workflow_id} />
          {task.step !== null && isActive(task) && ', which waits for it'}
        </>
      )}
      {task.device_id && (
        <>
          {task.workflow_id ? ' · at ' : 'At '}
          <PageLink to="/" search={{ q: task.device_id }} inherit underline="always">
            {task.device_id}
          </PageLink>
        </>
      )}
    </Text>
  );
}

/** The form as it was filled in, or what it will ask. */
function Answers({ task }: { task: Task }) {
  if (task.fields.length === 0) return null;
  return (
    <Stack gap="xs" component="section" aria-label="Form">
      <Title order={2} size="h4">
        {task.values ? 'What was filled in' : 'What is asked'}
      </Title>
      <Table withTableBorder bg="var(--lab-surface)">
        <Table.Tbody>
          {task.fields.map((field) => (
            <Table.Tr key={field.name}>
              <Table.Th scope="row" w="45%">
                {field.label}
              </Table.Th>
              <Table.Td>
                {task.values
                  ? answerText(field, task.values[field.name])
                  : `${field.type.replaceAll('_', ' ')}${field.unit ? ` in ${field.unit}` : ''}`}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Stack>
  );
}
