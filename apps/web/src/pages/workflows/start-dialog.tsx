import { Alert, Button, Checkbox, Group, Modal, NativeSelect, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Hourglass } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { isProblem } from '../../api/problem.ts';
import { fromDevices, workflows } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { keptLive } from '../../live/refresh.ts';
import { Failed } from '../../ui/failed.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { about } from '../../ui/times.ts';
import { WorkflowLink } from '../../ui/workflow-link.tsx';
import { changed } from './start.ts';
import type { Workflow } from './types.ts';

interface StartProps {
  workflow: Workflow;
  opened: boolean;
  onClose: () => void;
  action: 'start' | 'resume';
}

/** Books the device, or waits for it: with which priority, and who carries out the steps. */
export function StartDialog(props: StartProps) {
  const { workflow, opened, onClose, action } = props;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={`${action === 'start' ? 'Start' : 'Resume'} ${workflow.name}?`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {opened && <StartForm {...props} />}
    </Modal>
  );
}

function StartForm({ workflow, onClose, action }: StartProps) {
  const { id, device_id } = workflow;
  const mayBeUrgent = useMay('operator');
  const [queue, setQueue] = useState(false);
  const [auto, setAuto] = useState(workflow.auto);
  const [priority, setPriority] = useState(workflow.priority);
  const start = useAction({
    run: (wait: boolean) => {
      const body = { queue: wait, ...(wait ? { priority } : {}) };
      const params = { path: { id } };
      return action === 'start'
        ? ask(workflows.POST('/workflows/{id}/start', { params, body: { ...body, auto } }))
        : ask(workflows.POST('/workflows/{id}/resume', { params, body }));
    },
    done: ({ message }) => message,
    changes: changed,
    onDone: onClose,
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    start.mutate(queue);
  };
  const busy = isProblem(start.error, 'device_busy', 'device_in_maintenance');
  return (
    <form onSubmit={submit}>
      <Stack>
        <DeviceNow deviceId={device_id} priority={priority} />
        <Checkbox
          data-autofocus
          label={`Wait in the queue if ${device_id} is not free`}
          description="Otherwise, if the device is busy, nothing happens."
          checked={queue}
          onChange={(event) => setQueue(event.currentTarget.checked)}
        />
        {queue && (
          <NativeSelect
            label="Priority in the queue"
            value={priority}
            data={[
              { value: 'low', label: 'Low' },
              { value: 'normal', label: 'Normal' },
              {
                value: 'urgent',
                label: mayBeUrgent ? 'Urgent' : 'Urgent (operators only)',
                disabled: !mayBeUrgent,
              },
            ]}
            onChange={(event) => setPriority(asPriority(event.currentTarget.value))}
          />
        )}
        {action === 'start' && (
          <Checkbox
            label="Run the steps automatically"
            description="Once it has the device, it runs step after step and completes at the end."
            checked={auto}
            onChange={(event) => setAuto(event.currentTarget.checked)}
          />
        )}
        <Failed error={start.error} />
        {busy && <Busy error={start.error} />}
        <Group justify="flex-end">
          <Button variant="default" type="button" onClick={onClose}>
            Go back
          </Button>
          {busy && !queue && (
            <Button
              type="button"
              variant="default"
              loading={start.isPending}
              onClick={() => start.mutate(true)}
            >
              Wait in the queue
            </Button>
          )}
          <Button type="submit" loading={start.isPending}>
            {action === 'start' ? 'Start' : 'Resume'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

const asPriority = (text: string): Workflow['priority'] =>
  text === 'urgent' || text === 'low' ? text : 'normal';

/** Who holds the device that was refused. */
function Busy({ error }: { error: { body: Readonly<Record<string, unknown>> } | null }) {
  const { workflow_id } = (error?.body.holder ?? {}) as { workflow_id?: unknown };
  if (typeof workflow_id !== 'string') return null;
  return (
    <Text size="sm">
      It is held by <WorkflowLink id={workflow_id} />.
    </Text>
  );
}

/** How it stands with the device before one asks for it. */
function DeviceNow({ deviceId, priority }: { deviceId: string; priority: Workflow['priority'] }) {
  const { data: wait } = useQuery(
    keptLive(
      fromDevices.read('/devices/{id}/wait-time', {
        params: { path: { id: deviceId }, query: { priority } },
      }),
      `device:${deviceId}`,
    ),
  );
  if (!wait) return null;
  if (wait.waiting_reasons.length === 0) return <Text size="sm">{deviceId} is free.</Text>;
  return (
    <Alert
      variant="outline"
      bg="var(--lab-surface)"
      color="orange"
      icon={<Hourglass aria-hidden />}
      title={`${deviceId} is not free`}
    >
      {wait.waiting_reasons.map(({ code, text, workflow_id, task_id }) => (
        <span key={code}>
          {code === 'operator_task' && task_id ? (
            <>
              It waits for{' '}
              <PageLink to="/tasks/$id" params={{ id: task_id }} inherit>
                a person
              </PageLink>
              .
            </>
          ) : workflow_id ? (
            <>
              <WorkflowLink id={workflow_id} /> holds it.
            </>
          ) : (
            text
          )}{' '}
        </span>
      ))}
      {wait.estimated_wait_seconds === null
        ? 'It is not known how long it takes.'
        : `The wait is about ${about(wait.estimated_wait_seconds)}.`}
    </Alert>
  );
}
