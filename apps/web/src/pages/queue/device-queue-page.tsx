import { Alert, Button, Group, Stack, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { Hourglass, Users } from 'lucide-react';
import { useState } from 'react';
import { type HolderWait, useHolderWait } from '../../api/holder-wait.ts';
import { fromDevices } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { keptLive } from '../../live/refresh.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { HolderWaitText } from '../../ui/holder-wait.tsx';
import { LoadingRows } from '../../ui/loading.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { WorkflowLink } from '../../ui/workflow-link.tsx';
import { ChangeDialog } from './change-dialog.tsx';
import classes from './queue.module.css';
import { QueueEntry } from './queue-entry.tsx';
import { type Entry, type Priority, priorities } from './types.ts';

const words = { urgent: 'Urgent', normal: 'Normal', low: 'Low' } as const satisfies Record<Priority, string>;

/** Those that wait for a device, in the order in which they get it. Within a priority who came first goes first. */
export default function DeviceQueuePage() {
  const { device: id = '' } = useParams({ strict: false });
  const live = `device:${id}`;
  const device = useQuery(keptLive(fromDevices.read('/devices/{id}', { params: { path: { id } } }), live));
  const query = useInfiniteQuery(
    keptLive(
      fromDevices.pages('/devices/{id}/queue', { params: { path: { id }, query: { limit: 100 } } }),
      live,
    ),
  );
  const entries = query.data?.pages.flatMap((page) => page.queue) ?? [];
  const shown = device.data;
  const wait = useHolderWait(shown ?? { booking: null });
  return (
    <>
      <PageHeader
        title={shown ? `Queue of ${shown.name}` : 'Queue'}
        actions={<PageLink to="/queue">All queues</PageLink>}
      />
      {shown && (
        <Group gap="md" mb="md" mt={-8}>
          <StatusBadge status={shown.paused ? 'paused' : shown.status} />
          <Text size="sm">
            {shown.booking ? (
              <>
                held by <WorkflowLink id={shown.booking.workflow_id} />
                {wait && (
                  <>
                    , which <HolderWaitText wait={wait} />
                  </>
                )}
              </>
            ) : (
              'not booked'
            )}
          </Text>
        </Group>
      )}
      {query.isPending ? (
        <LoadingRows what="the queue" />
      ) : query.error && entries.length === 0 ? (
        <Failed error={query.error} retry={query.refetch} />
      ) : entries.length === 0 ? (
        <Empty title="The queue is empty" icon={Users}>
          Workflows started with “Wait in the queue” are listed here until the device is free.
        </Empty>
      ) : (
        <Stack>
          <Standing reasons={entries[0]?.waiting_reasons ?? []} />
          <Lanes entries={entries} wait={wait} />
          {query.hasNextPage && (
            <Group justify="center">
              <Button
                variant="default"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                Show more
              </Button>
            </Group>
          )}
          <Failed error={query.error} retry={query.refetch} />
        </Stack>
      )}
    </>
  );
}

/** What keeps all of them waiting, beside the holder. */
function Standing({ reasons }: { reasons: Entry['waiting_reasons'] }) {
  const standing = reasons.filter(({ code }) => code === 'device_paused' || code === 'device_in_maintenance');
  if (standing.length === 0) return null;
  return (
    <Alert
      variant="outline"
      color="orange"
      bg="var(--lab-surface)"
      icon={<Hourglass aria-hidden />}
      title="It is not known when the queue moves on"
    >
      {standing.map(({ text }) => text).join(' ')}
    </Alert>
  );
}

function Lanes({ entries, wait }: { entries: readonly Entry[]; wait: HolderWait | null }) {
  const mayMove = useMay('scientist');
  const mayBeUrgent = useMay('operator');
  const [dragged, setDragged] = useState<Entry>();
  const [over, setOver] = useState<Priority>();
  const [wanted, setWanted] = useState<{ entry: Entry; priority: Priority }>();
  const allowed = (priority: Priority) => mayMove && (priority !== 'urgent' || mayBeUrgent);
  const ask = (entry: Entry, priority: Priority | undefined) => {
    if (priority && priority !== entry.priority && allowed(priority)) setWanted({ entry, priority });
  };
  return (
    <>
      {mayMove && (
        <Text size="sm" c="dimmed">
          Drag an entry to another priority, or press Alt and an arrow key on it. What it means for the others
          is shown before anything changes.
        </Text>
      )}
      {priorities.map((priority) => {
        const lane = entries.filter((entry) => entry.priority === priority);
        return (
          <section
            key={priority}
            aria-label={words[priority]}
            className={classes.lane}
            data-over={(dragged && over === priority && dragged.priority !== priority) || undefined}
            onDragOver={(event) => {
              if (!dragged || !allowed(priority)) return;
              event.preventDefault();
              setOver(priority);
            }}
            onDrop={(event) => {
              event.preventDefault();
              if (dragged) ask(dragged, priority);
              setDragged(undefined);
              setOver(undefined);
            }}
          >
            <Title order={2} size="h5" mb="xs">
              {words[priority]}
            </Title>
            {lane.length === 0 ? (
              <Text size="sm" c="dimmed">
                Nobody
              </Text>
            ) : (
              <ol className={classes.entries}>
                {lane.map((entry) => (
                  <QueueEntry
                    key={entry.id}
                    entry={entry}
                    wait={wait}
                    allowed={allowed}
                    onMove={(to) => ask(entry, to)}
                    onDrag={(dragging) => {
                      setDragged(dragging ? entry : undefined);
                      setOver(undefined);
                    }}
                  />
                ))}
              </ol>
            )}
          </section>
        );
      })}
      {wanted && (
        <ChangeDialog
          key={`${wanted.entry.id} ${wanted.priority}`}
          {...wanted}
          onClose={() => setWanted(undefined)}
        />
      )}
    </>
  );
}
