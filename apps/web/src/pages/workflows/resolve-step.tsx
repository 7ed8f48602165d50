import { Radio, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { workflows } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { changed } from './start.ts';
import type { Workflow } from './types.ts';

const outcomes = [
  {
    value: 'succeeded',
    label: 'It was carried out',
    description: 'The workflow continues with the next step.',
  },
  {
    value: 'failed',
    label: 'It was not carried out',
    description: 'The step counts as failed and can be tried again.',
  },
] as const;
type Outcome = (typeof outcomes)[number]['value'];

/** A step of which nobody knows what became: a person looks at the instrument and tells. */
export function ResolveStep({
  workflow,
  opened,
  onClose,
}: {
  workflow: Workflow;
  opened: boolean;
  onClose: () => void;
}) {
  const [outcome, setOutcome] = useState<Outcome>();
  const step = workflow.steps.find(({ status }) => status === 'unknown');
  const resolve = useAction({
    run: ({ outcome, reason }: { outcome: Outcome; reason: string }) =>
      ask(
        workflows.POST('/workflows/{id}/resolve-step', {
          params: { path: { id: workflow.id } },
          body: { outcome, reason },
        }),
      ),
    done: ({ message }) => message,
    changes: changed,
  });
  if (!step) return null;
  const confirm = async (reason: string) => {
    if (!outcome) throw new Error('Choose what happened to the step first.');
    await resolve.mutateAsync({ outcome, reason });
    setOutcome(undefined);
  };
  return (
    <ConfirmWithReason
      opened={opened}
      onClose={onClose}
      title={`What happened to step ${step.position}?`}
      confirm="Save"
      reason="needed"
      onConfirm={confirm}
    >
      <Stack gap="sm">
        <Text size="sm">
          Nobody knows whether {workflow.device_id} has carried out {step.operation.replaceAll('_', ' ')}.
          Check the instrument and its samples, and say below how you know.
        </Text>
        <Radio.Group
          label="Outcome"
          value={outcome ?? ''}
          onChange={(value) => setOutcome(outcomes.find((known) => known.value === value)?.value)}
        >
          <Stack gap="xs" mt="xs">
            {outcomes.map(({ value, label, description }) => (
              <Radio key={value} value={value} label={label} description={description} />
            ))}
          </Stack>
        </Radio.Group>
      </Stack>
    </ConfirmWithReason>
  );
}
