import type { ChatMessage } from '@labwright/contract-hub/chat';
import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { Send } from 'lucide-react';
import { type FormEvent, useRef } from 'react';
import { useConnection, useOutbox } from '../live/live.tsx';
import { Failed } from './failed.tsx';

/** A sign that somebody types is sent this often at most. */
const typingEveryMs = 2_000;

/** What is typed, and sent while the connection is away, is kept in this browser until it is there, and is written once. */
export function Composer({
  room,
  handles = [],
  learn,
}: {
  room: string;
  /** Of who is here: `@ada.lovelace`. */
  handles?: readonly string[];
  learn: (message: ChatMessage) => void;
}) {
  const connection = useConnection();
  const { draft, waiting, refused, setDraft, post } = useOutbox(room);
  const told = useRef(0);
  const field = useRef<HTMLTextAreaElement>(null);

  const send = async () => {
    const text = draft.trim();
    if (text === '') return;
    const stored = await post(room, text);
    if (stored) learn(stored);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send();
  };
  const type = (next: string) => {
    setDraft(room, next);
    const now = performance.now();
    if (now - told.current < typingEveryMs) return;
    told.current = now;
    connection.typing(room);
  };

  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {waiting.map(({ id, text }) => (
          <Text key={id} size="sm" c="dimmed" role="status">
            On its way: {text}
          </Text>
        ))}
        <Failed error={refused} />
        <Group align="flex-end" wrap="nowrap" gap="xs">
          <Textarea
            ref={field}
            flex={1}
            label="Message"
            autosize
            minRows={1}
            maxRows={8}
            maxLength={4_000}
            value={draft}
            aria-describedby={`help-${room}`}
            onChange={(event) => type(event.currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
              event.preventDefault();
              void send();
            }}
          />
          <Button type="submit" disabled={draft.trim() === ''} leftSection={<Send size={16} aria-hidden />}>
            Send
          </Button>
        </Group>
        <Text size="xs" c="dimmed" id={`help-${room}`}>
          Enter sends, Shift and Enter starts a new line. @name notifies that person.
        </Text>
        {handles.length > 0 && (
          <Group gap={4}>
            {handles.slice(0, 8).map((handle) => (
              <Button
                key={handle}
                size="compact-xs"
                variant="default"
                type="button"
                onClick={() => {
                  setDraft(room, `${draft}${draft === '' || draft.endsWith(' ') ? '' : ' '}${handle} `);
                  field.current?.focus();
                }}
              >
                {handle}
              </Button>
            ))}
          </Group>
        )}
      </Stack>
    </form>
  );
}
