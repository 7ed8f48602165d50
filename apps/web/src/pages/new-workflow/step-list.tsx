import { ActionIcon, Group, Stack, Text, VisuallyHidden } from '@mantine/core';
import { ArrowDown, ArrowUp, GripVertical, Trash2 } from 'lucide-react';
import { type KeyboardEvent, type ReactNode, useEffect, useRef, useState } from 'react';
import { type DraftStep, moved } from './draft.ts';
import classes from './step-list.module.css';

const titleOf = (step: DraftStep) =>
  step.kind === 'task' ? step.title.trim() || 'Work for a person' : step.operation.replaceAll('_', ' ');

/** The steps in their order, which is changed by drag, by the arrows at each, or with Alt and an arrow key. */
export function StepList({
  steps,
  onChange,
  children,
}: {
  steps: readonly DraftStep[];
  onChange: (steps: readonly DraftStep[]) => void;
  children: (step: DraftStep, index: number) => ReactNode;
}) {
  const [told, setTold] = useState('');
  const [dragged, setDragged] = useState<string>();
  const [over, setOver] = useState<string>();
  const list = useRef<HTMLOListElement>(null);
  // The button that was pressed has moved with its step; where it cannot be pressed any more, the other one takes over.
  const [focus, setFocus] = useState<{ key: string; name: string }>();
  useEffect(() => {
    if (!focus) return;
    const buttons = list.current?.querySelectorAll<HTMLButtonElement>(
      `[data-step="${focus.key}"] [data-move]`,
    );
    const wanted = [...(buttons ?? [])].sort((a) => (a.dataset.move === focus.name ? -1 : 1));
    wanted.find((button) => !button.disabled)?.focus();
    setFocus(undefined);
  }, [focus]);

  const move = (from: number, to: number, name?: string) => {
    const step = steps[from];
    const next = moved(steps, from, to);
    if (!step || next === steps) return;
    onChange(next);
    setTold(`${titleOf(step)} is now step ${to + 1} of ${steps.length}.`);
    if (name) setFocus({ key: step.key, name });
  };
  const onKeyDown = (event: KeyboardEvent, index: number) => {
    if (!event.altKey || (event.key !== 'ArrowUp' && event.key !== 'ArrowDown')) return;
    event.preventDefault();
    move(index, index + (event.key === 'ArrowUp' ? -1 : 1));
  };
  const drop = (target: number) => {
    const from = steps.findIndex(({ key }) => key === dragged);
    if (from !== -1) move(from, target);
    setDragged(undefined);
    setOver(undefined);
  };

  return (
    <>
      <VisuallyHidden role="status">{told}</VisuallyHidden>
      <ol className={classes.steps} ref={list} aria-label="Steps of the new workflow">
        {steps.map((step, index) => (
          <li
            key={step.key}
            data-step={step.key}
            className={classes.step}
            data-over={(dragged !== undefined && over === step.key) || undefined}
            data-dragged={dragged === step.key || undefined}
            onKeyDown={(event) => onKeyDown(event, index)}
            onDragOver={(event) => {
              if (dragged === undefined) return;
              event.preventDefault();
              setOver(step.key);
            }}
            onDrop={(event) => {
              event.preventDefault();
              drop(index);
            }}
          >
            <Stack gap="sm">
              <Group justify="space-between" wrap="nowrap">
                <Group gap="xs" wrap="nowrap">
                  <span
                    className={classes.grip}
                    draggable
                    aria-hidden
                    title="Drag to another place"
                    onDragStart={(event) => {
                      event.dataTransfer.effectAllowed = 'move';
                      event.dataTransfer.setData('text/plain', step.key);
                      setDragged(step.key);
                    }}
                    onDragEnd={() => {
                      setDragged(undefined);
                      setOver(undefined);
                    }}
                  >
                    <GripVertical size={18} />
                  </span>
                  <Text component="h3" fw={600} size="md">
                    {index + 1}. {titleOf(step)}
                  </Text>
                </Group>
                <Group gap={4} wrap="nowrap">
                  <ActionIcon
                    variant="default"
                    data-move="up"
                    disabled={index === 0}
                    aria-label={`Move step ${index + 1} up`}
                    aria-keyshortcuts="Alt+ArrowUp"
                    onClick={() => move(index, index - 1, 'up')}
                  >
                    <ArrowUp size={16} aria-hidden />
                  </ActionIcon>
                  <ActionIcon
                    variant="default"
                    data-move="down"
                    disabled={index === steps.length - 1}
                    aria-label={`Move step ${index + 1} down`}
                    aria-keyshortcuts="Alt+ArrowDown"
                    onClick={() => move(index, index + 1, 'down')}
                  >
                    <ArrowDown size={16} aria-hidden />
                  </ActionIcon>
                  <ActionIcon
                    variant="default"
                    aria-label={`Remove step ${index + 1}`}
                    onClick={() => {
                      onChange(steps.filter(({ key }) => key !== step.key));
                      setTold(`${titleOf(step)} is removed.`);
                    }}
                  >
                    <Trash2 size={16} aria-hidden />
                  </ActionIcon>
                </Group>
              </Group>
              {children(step, index)}
            </Stack>
          </li>
        ))}
      </ol>
    </>
  );
}
