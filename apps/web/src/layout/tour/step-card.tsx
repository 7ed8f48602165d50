import { Button, CloseButton, Group, Popover, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Play } from 'lucide-react';
import { useEffect, useRef } from 'react';
import { ask } from '../../api/ask.ts';
import { fromWorkflows, workflows } from '../../api/services.ts';
import { useMay } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import type { DemoWorkflow, TourStep } from './steps.ts';
import classes from './tour.module.css';
import { useAnchor } from './use-anchor.ts';

/** One step, beside what it is about. The keyboard stays in it until it is left; Escape leaves. */
export function StepCard({
  step,
  number,
  of,
  startable,
  onGo,
  onEnd,
}: {
  step: TourStep;
  number: number;
  of: number;
  startable: DemoWorkflow | undefined;
  onGo: (number: number) => void;
  onEnd: () => void;
}) {
  const place = useAnchor(step.anchor);
  const title = useRef<HTMLHeadingElement>(null);
  const last = number === of - 1;
  // Each step is read out anew.
  // biome-ignore lint/correctness/useExhaustiveDependencies: once for each step
  useEffect(() => title.current?.focus({ preventScroll: true }), [number]);

  return (
    <Popover
      opened
      onDismiss={onEnd}
      closeOnClickOutside={false}
      trapFocus
      withRoles={false}
      width={360}
      position={step.side ?? 'bottom'}
      preventPositionChangeWhenVisible={false}
      hideDetached={false}
      shadow="md"
      middlewares={{ flip: true, shift: { padding: 12 } }}
      transitionProps={{ duration: 0 }}
      floatingStrategy="fixed"
    >
      <Popover.Target>
        <div
          className={classes.ring}
          data-lost={place === undefined || undefined}
          style={place ?? { left: innerWidth / 2, top: innerHeight / 3, width: 0, height: 0 }}
        />
      </Popover.Target>
      <Popover.Dropdown
        className={classes.card}
        role="dialog"
        aria-labelledby="tour-title"
        aria-describedby="tour-text"
      >
        <Group justify="space-between" wrap="nowrap" align="flex-start" gap="xs">
          <Text
            component="h2"
            id="tour-title"
            ref={title}
            tabIndex={-1}
            data-autofocus
            fw={650}
            className={classes.title}
          >
            {step.title}
          </Text>
          <CloseButton aria-label="End the tour" size="sm" onClick={onEnd} />
        </Group>
        <Text id="tour-text" size="sm" mt={4} mb="sm">
          {step.text}
        </Text>
        {startable && <StartDemo workflow={startable} />}
        <Group justify="space-between" mt="sm">
          <Text size="sm" c="dimmed">
            {number + 1} of {of}
          </Text>
          <Group gap="xs">
            {number > 0 && (
              <Button size="xs" variant="default" onClick={() => onGo(number - 1)}>
                Back
              </Button>
            )}
            <Button size="xs" onClick={() => (last ? onEnd() : onGo(number + 1))}>
              {last ? 'Done' : 'Next'}
            </Button>
          </Group>
        </Group>
      </Popover.Dropdown>
    </Popover>
  );
}

/** It waits where its instrument is busy, as any other. */
function StartDemo({ workflow: { id, name } }: { workflow: DemoWorkflow }) {
  const may = useMay('scientist');
  const params = { params: { path: { id } } };
  const { data } = useQuery(fromWorkflows.read('/workflows/{id}', params));
  const start = useAction({
    run: () => ask(workflows.POST('/workflows/{id}/start', { ...params, body: { auto: true, queue: true } })),
    changes: [
      ['workflow-service', '/workflows'],
      ['workflow-service', '/workflows/{id}'],
    ],
  });
  if (!may || !data) return null;
  return (
    <>
      {data.status === 'created' ? (
        <Button
          size="xs"
          variant="default"
          leftSection={<Play size={14} aria-hidden />}
          loading={start.isPending}
          onClick={() => start.mutate()}
        >
          Start “{name}”
        </Button>
      ) : (
        <Text size="sm" fw={600} role="status">
          It is {data.status}.
        </Text>
      )}
      <Failed error={start.error} />
    </>
  );
}
