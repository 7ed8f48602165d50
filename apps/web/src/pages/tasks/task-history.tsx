import { Button, Stack, Text, Textarea, Timeline, Title } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { fromHub, hub } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { keptLive } from '../../live/refresh.ts';
import { Failed } from '../../ui/failed.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { Time } from '../../ui/time.tsx';

const doings: Record<string, string> = {
  created: 'made it',
  changed: 'changed it',
  claimed: 'took it in hand',
  released: 'gave it back',
  completed: 'completed it',
  cancelled: 'cancelled it',
  reopened: 'opened it again',
  overdue: 'It is overdue',
  commented: 'said',
};

/** What happened to the task and what was said about it. */
export function TaskHistory({ id }: { id: string }) {
  const query = useInfiniteQuery(
    keptLive(fromHub.pages('/tasks/{id}/history', { params: { path: { id } } }), 'lab'),
  );
  const may = useMay('scientist');
  const entries = query.data?.pages.flatMap(({ history }) => history) ?? [];
  return (
    <Stack component="section" aria-label="What happened">
      <Title order={2} size="h4">
        What happened
      </Title>
      {query.isPending && <LoadingRows what="what happened" rows={3} />}
      <Timeline bulletSize={14} lineWidth={2} active={entries.length}>
        {entries.map(({ id: entry, at, kind, by, text, changes }) => (
          <Timeline.Item key={entry}>
            <Text size="sm">
              {kind !== 'overdue' && <strong>{by.name} </strong>}
              {doings[kind] ?? kind}
              {changes ? ` (${Object.keys(changes).join(', ').replaceAll('_', ' ')})` : ''}
            </Text>
            {text && (
              <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
                {text}
              </Text>
            )}
            <Text size="xs" c="dimmed">
              <Time at={at} />
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
      {query.hasNextPage && (
        <Button
          variant="default"
          loading={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show more
        </Button>
      )}
      <Failed error={query.error} retry={query.refetch} />
      {may && <CommentForm id={id} />}
    </Stack>
  );
}

function CommentForm({ id }: { id: string }) {
  const [text, setText] = useState('');
  const comment = useAction({
    run: () =>
      ask(hub.POST('/tasks/{id}/comments', { params: { path: { id } }, body: { text: text.trim() } })),
    changes: [['hub-service', '/tasks/{id}/history']],
    onDone: () => setText(''),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() !== '') comment.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs" align="flex-start">
        <Textarea
          label="Add a comment"
          w="100%"
          autosize
          minRows={1}
          maxLength={2_000}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Failed error={comment.error} />
        <Button type="submit" variant="default" loading={comment.isPending} disabled={text.trim() === ''}>
          Comment
        </Button>
      </Stack>
    </form>
  );
}
