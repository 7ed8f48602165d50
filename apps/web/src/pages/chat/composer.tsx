import type { ChatMessage } from '@labwright/contract-hub/chat';
import { Button, Group, Stack, Text, Textarea } from '@mantine/core';
import { Send } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import { useConnection } from '../../live/live.tsx';
import { Failed } from '../../ui/failed.tsx';
import { handleOf } from './talk.ts';

/** A sign that somebody types is sent this often at most. */
const typingEveryMs = 2_000;

/** What is sent waits for its turn while the connection is away, and is written once. */
export function Composer({
  room,
  people,
  learn,
}: {
  room: string;
  people: readonly { id: string; name: string }[];
  learn: (message: ChatMessage) => void;
}) {
  const connection = useConnection();
  const [text, setText] = useState('');
  const [waiting, setWaiting] = useState<readonly { key: number; text: string }[]>([]);
  const [error, setError] = useState<unknown>();
  const told = useRef(0);
  const field = useRef<HTMLTextAreaElement>(null);

  const send = async () => {
    const given = text.trim();
    if (given === '') return;
    const key = performance.now();
    setText('');
    setError(undefined);
    setWaiting((before) => [...before, { key, text: given }]);
    try {
      learn(await connection.send(room, given));
    } catch (thrown) {
      setError(thrown);
      // It is not lost with the refusal.
      setText((now) => (now === '' ? given : now));
    } finally {
      setWaiting((before) => before.filter((each) => each.key !== key));
    }
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send();
  };
  const type = (next: string) => {
    setText(next);
    const now = performance.now();
    if (now - told.current < typingEveryMs) return;
    told.current = now;
    connection.typing(room);
  };

  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        {waiting.map(({ key, text: held }) => (
          <Text key={key} size="sm" c="dimmed" role="status">
            On its way: {held}
          </Text>
        ))}
        <Failed error={error} />
        <Textarea
          ref={field}
          label="Message"
          description="Enter sends it, Shift and Enter begin a new line. @name tells that person."
          autosize
          minRows={1}
          maxRows={8}
          maxLength={4_000}
          value={text}
          onChange={(event) => type(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
            event.preventDefault();
            void send();
          }}
        />
        <Group justify="space-between">
          <Group gap={4}>
            {people.slice(0, 8).map(({ id, name }) => (
              <Button
                key={id}
                size="compact-xs"
                variant="default"
                type="button"
                onClick={() => {
                  setText(`${text}${text === '' || text.endsWith(' ') ? '' : ' '}${handleOf(name)} `);
                  field.current?.focus();
                }}
              >
                {handleOf(name)}
              </Button>
            ))}
          </Group>
          <Button type="submit" disabled={text.trim() === ''} leftSection={<Send size={16} aria-hidden />}>
            Send
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
