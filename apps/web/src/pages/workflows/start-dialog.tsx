import { Button, Checkbox, Group, Modal, NativeSelect, Stack, Text } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { isProblem } from '../../api/problem.ts';
import { workflows } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { Busy, DeviceNow, useDeviceName, useWait } from './device-now.tsx';
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
  const [priority, setPriority] = useState(workflow.priority);
  const device = useDeviceName(device_id);
  const { data: wait } = useWait(device_id, priority);
  // Until somebody says otherwise: where it would be refused as things stand, it waits.
  const notFree = (wait?.waiting_reasons.length ?? 0) > 0;
  const [asked, setAsked] = useState<boolean>();
  const queue = asked ?? notFree;
  const [auto, setAuto] = useState(workflow.auto);
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
  const busy = isProblem(start.error, 'device_busy', 'device_in_maintenance') ? start.error : undefined;
  return (
    <form onSubmit={submit}>
      <Stack>
        <DeviceNow name={device} wait={wait} />
        <Checkbox
          data-autofocus
          label={`Wait in the queue if ${device} is not free`}
          description={
            queue && asked === undefined
              ? `Ticked because ${device} is not free now. Without it nothing would happen.`
              : 'Otherwise, if the device is busy, nothing happens.'
          }
          checked={queue}
          onChange={(event) => setAsked(event.currentTarget.checked)}
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
        {action === 'start' &&
          workflow.samples.length === 0 &&
          workflow.steps.some(({ operator_task }) => !operator_task) && (
            <Text size="sm" c="dimmed">
              It has no samples: what is measured will belong to none.
            </Text>
          )}
        {busy ? (
          <Busy
            name={device}
            problem={busy}
            loading={start.isPending}
            onWait={() => {
              setAsked(true);
              start.mutate(true);
            }}
          />
        ) : (
          <Failed error={start.error} />
        )}
        <Group justify="flex-end">
          <Button variant="default" type="button" onClick={onClose}>
            Go back
          </Button>
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
