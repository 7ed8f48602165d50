import { Button, Popover } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { workflows } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { Failed } from '../../ui/failed.tsx';
import { sentence } from '../../ui/sentence.ts';
import { nextStep } from './allowed.ts';
import { changed } from './start.ts';
import type { Workflow } from './types.ts';

/** Carries out the next step, or after a question the failed one again. What the service refuses is told at the button. */
export function ExecuteStep({ workflow, icon }: { workflow: Workflow; icon: ReactNode }) {
  const [asking, setAsking] = useState(false);
  const step = nextStep(workflow);
  const execute = useAction({
    // The page is live: the outcome comes by itself.
    run: () =>
      ask(
        workflows.POST('/workflows/{id}/execute-step', {
          params: { path: { id: workflow.id } },
          body: { wait_seconds: 0 },
        }),
      ),
    changes: changed,
  });
  if (!step) return null;
  const again = step.status === 'failed';
  const what = step.operator_task ? step.operator_task.title : step.operation.replaceAll('_', ' ');
  return (
    <>
      <Popover
        opened={execute.isError && !asking}
        onDismiss={() => execute.reset()}
        position="bottom-end"
        width={360}
        trapFocus
        withRoles={false}
      >
        <Popover.Target>
          <Button
            leftSection={icon}
            loading={execute.isPending}
            onClick={() => (again ? setAsking(true) : execute.mutate())}
          >
            {again ? `Try step ${step.position} again` : `Run step ${step.position}`}
          </Button>
        </Popover.Target>
        <Popover.Dropdown p={0}>
          <Failed error={execute.error} />
        </Popover.Dropdown>
      </Popover>
      <ConfirmWithReason
        opened={asking}
        onClose={() => setAsking(false)}
        title={`Try step ${step.position} again?`}
        confirm="Try again"
        onConfirm={() => execute.mutateAsync()}
      >
        {sentence(`${what} failed${step.error ? `: ${step.error.message}` : ''}`)} See to the device and the
        samples first: the operation is done anew from its beginning.
      </ConfirmWithReason>
    </>
  );
}
