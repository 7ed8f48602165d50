import { Button, Grid, NavLink } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Cpu, MessagesSquare, Workflow } from 'lucide-react';
import { fromHub } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import classes from './chat.module.css';
import { TalkView } from './talk-view.tsx';

const roomShape = /^(lab|(run|device):[A-Za-z0-9][A-Za-z0-9_.-]{0,49})$/;

const nameOf = (room: string) =>
  room === 'lab' ? 'the laboratory' : room.replace(/^run:/, 'run ').replace(/^device:/, '');

/** Talk of the laboratory, of runs and of devices. */
export default function ChatPage() {
  const [{ room = 'lab' }, setFilters] = useFilters<'room'>();
  const query = useInfiniteQuery(
    keptLive(fromHub.pages('/chat/rooms', { params: { query: { limit: 50 } } }), 'lab'),
  );
  const written = query.data?.pages.flatMap(({ rooms }) => rooms.map((each) => each.room)) ?? [];
  const known = [...new Set(['lab', ...(roomShape.test(room) ? [room] : []), ...written])];
  return (
    <>
      <PageHeader title="Chat">{`In ${nameOf(room)}.`}</PageHeader>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 3 }}>
          <nav className={classes.rooms} aria-label="Rooms">
            {known.map((each) => (
              <NavLink
                key={each}
                component="button"
                label={each === 'lab' ? 'Laboratory' : nameOf(each)}
                leftSection={<RoomIcon room={each} />}
                active={each === room}
                aria-current={each === room ? 'page' : undefined}
                onClick={() => setFilters({ room: each === 'lab' ? undefined : each })}
              />
            ))}
            {query.hasNextPage && (
              <Button
                variant="default"
                size="xs"
                loading={query.isFetchingNextPage}
                onClick={() => void query.fetchNextPage()}
              >
                More rooms
              </Button>
            )}
            <Failed error={query.error} retry={query.refetch} />
          </nav>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 9 }}>
          {roomShape.test(room) ? (
            <TalkView key={room} room={room} name={nameOf(room)} />
          ) : (
            <Empty title="There is no such room" icon={MessagesSquare}>
              There is a room for the laboratory, and one for each run and each device.
            </Empty>
          )}
        </Grid.Col>
      </Grid>
    </>
  );
}

function RoomIcon({ room }: { room: string }) {
  const Icon = room === 'lab' ? MessagesSquare : room.startsWith('run:') ? Workflow : Cpu;
  return <Icon size={17} strokeWidth={1.7} aria-hidden />;
}
