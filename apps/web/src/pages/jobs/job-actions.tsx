import { Button, Group } from '@mantine/core';
import { RotateCcw, Square, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { clientOf, type ServiceName } from '../../api/each-service.ts';
import { useMay, useSession } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import type { JobRow } from './job-row.ts';

const actions = {
  requeue: {
    word: 'Bring back',
    icon: RotateCcw,
    states: ['failed', 'dead', 'cancelled'],
    text: 'It starts again with all its attempts, as if it were new.',
    done: 'It is queued again',
  },
  cancel: {
    word: 'Cancel',
    icon: Square,
    states: ['scheduled', 'waiting', 'ready', 'sent', 'running', 'retrying'],
    text: 'It will not start. If it is running, it is told to stop.',
    done: 'It is cancelled',
  },
  drop: {
    word: 'Delete',
    icon: Trash2,
    states: ['succeeded', 'failed', 'dead', 'cancelled'],
    text: 'It is deleted for good, with its arguments and errors.',
    done: 'It is deleted',
  },
} as const;
type Verb = keyof typeof actions;
const verbs = Object.keys(actions) as Verb[];

/** Just what may be done with this job as it stands. */
export function JobActions({
  service,
  job,
  onDropped,
}: {
  service: ServiceName;
  job: Pick<JobRow, 'id' | 'state' | 'task' | 'cancel_asked'>;
  onDropped?: () => void;
}) {
  const may = useMay('operator');
  const session = useSession();
  const [asking, setAsking] = useState<Verb>();
  const action = useAction<{ verb: Verb; reason: string }>({
    run: ({ verb, reason }) =>
      ask(
        clientOf(service).POST(`/jobs/{id}/${verb}`, {
          params: { path: { id: job.id } },
          body: reason ? { reason } : {},
        }),
      ),
    done: (_, { verb }) => actions[verb].done,
    changes: [
      [service, '/jobs'],
      [service, '/jobs/dead'],
      [service, '/jobs/queues'],
      [service, '/jobs/{id}'],
    ],
    onDone: (_, { verb }) => {
      if (verb === 'drop') onDropped?.();
    },
  });
  if (!may) return null;
  const allowed = verbs.filter(
    (verb) =>
      actions[verb].states.some((state) => state === job.state) && !(verb === 'cancel' && job.cancel_asked),
  );
  const shown = asking && actions[asking];
  return (
    <Group gap={6} wrap="nowrap">
      {allowed.map((verb) => {
        const { word, icon: Icon } = actions[verb];
        return (
          <Button
            key={verb}
            size="compact-sm"
            variant="default"
            leftSection={<Icon size={14} aria-hidden />}
            aria-label={`${word} ${job.task} ${job.id}`}
            onClick={() => setAsking(verb)}
          >
            {word}
          </Button>
        );
      })}
      <ConfirmWithReason
        opened={asking !== undefined}
        onClose={() => setAsking(undefined)}
        title={`${shown?.word ?? ''} ${job.task} ${job.id}?`}
        confirm={shown?.word ?? ''}
        dangerous={asking === 'drop'}
        reason={session.kind === 'person' ? 'needed' : 'asked'}
        onConfirm={(reason) => (asking ? action.mutateAsync({ verb: asking, reason }) : Promise.resolve())}
      >
        {shown?.text}
      </ConfirmWithReason>
    </Group>
  );
}
