import { Button } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import {
  Ban,
  CircleCheck,
  HandHelping,
  type LucideIcon,
  OctagonX,
  Pause,
  Play,
  StepForward,
  Trash2,
} from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { devices, workflows } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { useFilters } from '../../ui/use-filters.ts';
import { type Action, allowedNow, nextStep } from './allowed.ts';
import { ExecuteStep } from './execute-step.tsx';
import { ResolveStep } from './resolve-step.tsx';
import { changed } from './start.ts';
import { StartDialog } from './start-dialog.tsx';
import type { Workflow } from './types.ts';

const looks: Readonly<Record<Exclude<Action, 'execute-step'>, { label: string; icon: LucideIcon }>> = {
  start: { label: 'Start', icon: Play },
  resume: { label: 'Resume', icon: Play },
  complete: { label: 'Complete', icon: CircleCheck },
  pause: { label: 'Pause', icon: Pause },
  abort: { label: 'Stop the device', icon: OctagonX },
  'resolve-step': { label: 'Say what happened', icon: HandHelping },
  cancel: { label: 'Cancel', icon: Ban },
  delete: { label: 'Delete', icon: Trash2 },
};

/** Just what can be asked of this workflow now, by whoever looks. */
export function ActionBar({ workflow }: { workflow: Workflow }) {
  const [{ start }, setFilters] = useFilters<'start'>();
  // Whoever just created it and wants to start it is asked how at once.
  const [open, setOpen] = useState<Action | undefined>(start ? 'start' : undefined);
  const mayAct = useMay('scientist');
  const mayOperate = useMay('operator');
  const close = () => {
    setOpen(undefined);
    if (start) setFilters({ start: undefined });
  };
  const allowed = allowedNow(workflow).filter((action) =>
    action === 'abort' || action === 'resolve-step' ? mayOperate : mayAct,
  );
  const stepsLeft = nextStep(workflow) !== undefined;
  return (
    <>
      {allowed.map((action) => {
        if (action === 'execute-step')
          return workflow.auto && workflow.status === 'running' ? null : (
            <ExecuteStep key={action} workflow={workflow} icon={<StepForward size={16} aria-hidden />} />
          );
        const { label, icon: Icon } = looks[action];
        const first =
          action === 'start' ||
          action === 'resume' ||
          action === 'resolve-step' ||
          (action === 'complete' && !stepsLeft);
        return (
          <Button
            key={action}
            variant={first ? 'filled' : 'default'}
            leftSection={<Icon size={16} aria-hidden />}
            onClick={() => setOpen(action)}
          >
            {label}
          </Button>
        );
      })}
      <StartDialog workflow={workflow} opened={open === 'start'} onClose={close} action="start" />
      <StartDialog workflow={workflow} opened={open === 'resume'} onClose={close} action="resume" />
      <ResolveStep workflow={workflow} opened={open === 'resolve-step'} onClose={close} />
      <Ending workflow={workflow} open={open} onClose={close} />
    </>
  );
}

/** What ends or interrupts it: each asked about first. */
function Ending({
  workflow,
  open,
  onClose,
}: {
  workflow: Workflow;
  open: Action | undefined;
  onClose: () => void;
}) {
  const { id, name, device_id, steps, status } = workflow;
  const navigate = useNavigate();
  const params = { params: { path: { id } } };
  const why = (reason: string) => (reason === '' ? {} : { reason });
  const release = useAction({
    run: ({ action, reason }: { action: 'complete' | 'cancel' | 'pause'; reason: string }) =>
      ask(workflows.POST(`/workflows/{id}/${action}`, { ...params, body: why(reason) })),
    done: ({ message }) => message,
    changes: changed,
  });
  const abort = useAction({
    run: (reason: string) =>
      ask(
        devices.POST('/devices/{id}/abort', {
          params: { path: { id: device_id } },
          body: { ...why(reason), wait_seconds: 0 },
        }),
      ),
    done: () => `${device_id} is told to stop`,
    changes: changed,
  });
  const remove = useAction({
    run: () => ask(workflows.DELETE('/workflows/{id}', params)),
    done: ({ message }) => message,
    changes: [['workflow-service', '/workflows', {}, 'pages']],
    onDone: () => void navigate({ to: '/workflows' }),
  });
  const left = steps.filter((step) => step.status !== 'succeeded' && step.status !== 'skipped').length;
  const shared = { onClose, reason: 'asked' } as const;
  return (
    <>
      <ConfirmWithReason
        {...shared}
        opened={open === 'complete'}
        title={`Complete ${name}?`}
        confirm="Complete"
        onConfirm={(reason) => release.mutateAsync({ action: 'complete', reason })}
      >
        {device_id} is released for whoever waits.{' '}
        {left > 0 &&
          `${left === 1 ? 'One step is' : `${left} steps are`} not carried out, and will be left out for good.`}
      </ConfirmWithReason>
      <ConfirmWithReason
        {...shared}
        opened={open === 'pause'}
        title={`Pause ${name}?`}
        confirm="Pause"
        onConfirm={(reason) => release.mutateAsync({ action: 'pause', reason })}
      >
        {device_id} is released for whoever waits. When the workflow is resumed it books the device again, or
        waits for it.
      </ConfirmWithReason>
      <ConfirmWithReason
        {...shared}
        dangerous
        opened={open === 'cancel'}
        title={`Cancel ${name}?`}
        confirm="Cancel the workflow"
        onConfirm={(reason) => release.mutateAsync({ action: 'cancel', reason })}
      >
        It ends for good
        {status === 'queued'
          ? ', and its place in the queue is given up.'
          : status === 'running' || status === 'failed'
            ? `, and ${device_id} is released: see to what stands in it first.`
            : '.'}
      </ConfirmWithReason>
      <ConfirmWithReason
        {...shared}
        dangerous
        opened={open === 'abort'}
        title={`Stop ${device_id}?`}
        confirm="Stop the device"
        onConfirm={(reason) => abort.mutateAsync(reason)}
      >
        The current operation ends as failed. The workflow keeps the device, and the step can be tried again.
      </ConfirmWithReason>
      <ConfirmWithReason
        onClose={onClose}
        dangerous
        opened={open === 'delete'}
        title={`Delete ${name}?`}
        confirm="Delete"
        onConfirm={() => remove.mutateAsync()}
      >
        It was never started. Only the entry in the audit trail is kept.
      </ConfirmWithReason>
    </>
  );
}
