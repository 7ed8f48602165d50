import { Button, Grid, NavLink } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Cpu, MessagesSquare, Workflow } from 'lucide-react';
import { fromHub } from '../../api/services.ts';
import { keptLive } from '../../live/refresh.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import classes from './chat.module.css';
import { TalkView } from './talk-view.tsx';
import { type Room, useRoom } from './use-room.ts';

const roomShape = /^(lab|(run|device):[A-Za-z0-9][A-Za-z0-9_.-]{0,49})$/;

/** Talk of the laboratory, of runs and of devices. */
export default function ChatPage() {
  const [{ room = 'lab' }, setFilters] = useFilters<'room'>();
  const isRoom = roomShape.test(room);
  const about = useRoom(isRoom ? room : 'lab');
  const query = useInfiniteQuery(
    keptLive(fromHub.pages('/chat/rooms', { params: { query: { limit: 50 } } }), 'lab'),
  );
  const written = query.data?.pages.flatMap(({ rooms }) => rooms.map((each) => each.room)) ?? [];
  const known = [...new Set(['lab', ...(isRoom ? [room] : []), ...written])];
  return (
    <>
      <PageHeader title="Chat">{isRoom && <About room={about} />}</PageHeader>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 3 }}>
          <nav className={classes.rooms} aria-label="Rooms">
            {known.map((each) => (
              <RoomEntry
                key={each}
                room={each}
                chosen={each === room}
                onChoose={() => setFilters({ room: each === 'lab' ? undefined : each })}
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
          {isRoom ? (
            <TalkView key={room} room={room} name={about.name} />
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

function RoomEntry({ room, chosen, onChoose }: { room: string; chosen: boolean; onChoose: () => void }) {
  const { kind, name } = useRoom(room);
  const Icon = icons[kind];
  return (
    <NavLink
      component="button"
      label={kind === 'lab' ? 'Laboratory' : name}
      leftSection={<Icon size={17} strokeWidth={1.7} aria-hidden />}
      active={chosen}
      aria-current={chosen ? 'page' : undefined}
      onClick={onChoose}
    />
  );
}

const icons = { lab: MessagesSquare, run: Workflow, device: Cpu } as const;

function About({ room: { kind, id, name, known } }: { room: Room }) {
  if (kind === 'lab') return 'In the laboratory.';
  return (
    <>
      About the {kind === 'run' ? 'workflow' : 'device'}{' '}
      {!known ? (
        name
      ) : kind === 'run' ? (
        <PageLink to="/workflows/$id" params={{ id }} inherit underline="always">
          {name}
        </PageLink>
      ) : (
        <PageLink to="/" search={{ q: id }} inherit underline="always">
          {name}
        </PageLink>
      )}
      .
    </>
  );
}
