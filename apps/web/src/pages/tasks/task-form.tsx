import { Button, Group, Stack, Textarea } from '@mantine/core';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { isProblem } from '../../api/problem.ts';
import { hub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { showFirstFault } from '../../ui/first-fault.ts';
import { answersOf, type Draft, faultsAtFields, faultsIn } from './answers.ts';
import { newerTask, type Task } from './task.ts';
import { TaskFieldInput } from './task-field.tsx';

/**
 * The form of a task. It is handed in with the version of the task that the person has seen: where that is not the newest one, `onNewer` shows
 * what is different, and what was typed stays.
 */
export function TaskForm({
  task,
  draft,
  onDraft,
  onDone,
  onNewer,
  children,
}: {
  task: Task;
  draft: Draft;
  onDraft: (draft: Draft) => void;
  onDone: (task: Task) => void;
  onNewer: (task: Task) => void;
  /** What else can be done, beside the button. */
  children?: ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  const [tried, setTried] = useState(false);
  const [comment, setComment] = useState('');
  const complete = useAction({
    run: () =>
      ask(
        hub.POST('/tasks/{id}/complete', {
          params: { path: { id: task.id } },
          body: {
            version: task.version,
            values: answersOf(task.fields, draft),
            ...(comment.trim() ? { comment: comment.trim() } : {}),
          },
        }),
      ),
    done: ({ title }) => `“${title}” is done.`,
    changes: [['hub-service', '/tasks'], ['hub-service', '/tasks/{id}/history'], ['workflow-service']],
    onDone,
  });
  const refused = isProblem(complete.error) ? faultsAtFields(complete.error.faults) : {};
  const faults: Record<string, string> = tried ? { ...refused, ...faultsIn(task.fields, draft) } : {};
  const newer = newerTask(complete.error);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(faultsIn(task.fields, draft)).length > 0) {
      // The first field at fault, once it is marked as such.
      requestAnimationFrame(() => showFirstFault(form.current));
      return;
    }
    complete.mutate(undefined, {
      onError: (error) => {
        const found = newerTask(error);
        if (found) onNewer(found);
      },
    });
  };

  return (
    <form ref={form} onSubmit={submit} noValidate aria-label="Form of the task">
      <Stack>
        {task.fields.map((field) => (
          <TaskFieldInput
            key={field.name}
            field={field}
            value={draft[field.name] ?? ''}
            error={faults[field.name]}
            onChange={(text) => onDraft({ ...draft, [field.name]: text })}
          />
        ))}
        <Textarea
          label="Comment (optional)"
          autosize
          minRows={1}
          maxLength={2_000}
          value={comment}
          onChange={(event) => setComment(event.currentTarget.value)}
        />
        {/* What is newer is told above the form. */}
        {!newer && <Failed error={complete.error} />}
        <Group justify="space-between">
          <Button type="submit" size="md" loading={complete.isPending}>
            Complete
          </Button>
          {children}
        </Group>
      </Stack>
    </form>
  );
}
