import { notifications } from '@mantine/notifications';
import { type QueryKey, useMutation, useQueryClient } from '@tanstack/react-query';
import type { ApiProblem } from './problem.ts';

export interface ActionOptions<Input, Answer> {
  /** A call of a service: `(input) => ask(devices.POST(…))`. */
  run: (input: Input) => Promise<Answer>;
  /** What is told when it is done; nothing: nothing is. */
  done?: (answer: Answer, input: Input) => string;
  /** What is shown elsewhere and may be different now: the beginnings of query keys, `['device-service', '/devices']`. */
  changes?: readonly QueryKey[];
  onDone?: (answer: Answer, input: Input) => void;
}

/**
 * Something that a person does. It is sent once; what went wrong is in `error`, to be shown where it happened
 * (`<Failed error={action.error} />`).
 */
export function useAction<Input = void, Answer = unknown>({
  run,
  done,
  changes,
  onDone,
}: ActionOptions<Input, Answer>) {
  const client = useQueryClient();
  return useMutation<Answer, ApiProblem, Input>({
    mutationFn: run,
    onSuccess: async (answer, input) => {
      if (done)
        notifications.show({
          message: done(answer, input),
          color: 'teal',
          closeButtonProps: { 'aria-label': 'Dismiss' },
        });
      onDone?.(answer, input);
      await Promise.all((changes ?? []).map((queryKey) => client.invalidateQueries({ queryKey })));
    },
  });
}
