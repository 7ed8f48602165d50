import type { ChatMessage } from '@labwright/contract-hub/chat';
import { ActionIcon, Button, Group, Text, Textarea } from '@mantine/core';
import { Pencil, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { ask } from '../../api/ask.ts';
import { hub } from '../../api/services.ts';
import { useMay, useSession } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import { Failed } from '../../ui/failed.tsx';
import { Time } from '../../ui/time.tsx';
import { useNow } from '../../ui/use-now.ts';
import classes from './chat.module.css';
import { mayDelete, mayEdit, partsOf } from './talk.ts';

/** One message; its author may change it for a while. */
export function MessageLine({
  message,
  learn,
}: {
  message: ChatMessage;
  learn: (changed: ChatMessage) => void;
}) {
  const session = useSession();
  const me = session.kind === 'nobody' ? '' : session.id;
  const admin = useMay('admin');
  const now = useNow(10_000);
  const [draft, setDraft] = useState<string>();
  const [asked, setAsked] = useState(false);
  const path = { params: { path: { room: message.room, id: message.id } } };
  const edit = useAction({
    run: (text: string) => ask(hub.PATCH('/chat/rooms/{room}/messages/{id}', { ...path, body: { text } })),
    onDone: (changed) => {
      learn(changed);
      setDraft(undefined);
    },
  });
  const remove = useAction({
    run: () => ask(hub.DELETE('/chat/rooms/{room}/messages/{id}', path)),
    onDone: learn,
  });

  return (
    <li className={classes.message} data-mentioned={message.mentions.includes(me) || undefined}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="sm">
          <strong>{message.author_name}</strong>{' '}
          <Text span size="xs" c="dimmed">
            <Time at={message.created_at} />
            {message.edited_at && message.deleted_at === null ? ' · edited' : ''}
          </Text>
        </Text>
        <Group gap={2} wrap="nowrap">
          {mayEdit(message, me, now) && (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label="Edit this message"
              onClick={() => setDraft(message.text)}
            >
              <Pencil size={14} aria-hidden />
            </ActionIcon>
          )}
          {mayDelete(message, me, admin, now) && (
            <ActionIcon
              variant="subtle"
              color="gray"
              size="sm"
              aria-label="Delete this message"
              onClick={() => setAsked(true)}
            >
              <Trash2 size={14} aria-hidden />
            </ActionIcon>
          )}
        </Group>
      </Group>
      {draft !== undefined ? (
        <>
          <Textarea
            aria-label="Text of the message"
            autosize
            autoFocus
            maxLength={4_000}
            value={draft}
            onChange={(event) => setDraft(event.currentTarget.value)}
            onKeyDown={(event) => event.key === 'Escape' && setDraft(undefined)}
          />
          <Failed error={edit.error} />
          <Group gap="xs" mt="xs">
            <Button
              size="xs"
              disabled={draft.trim() === ''}
              loading={edit.isPending}
              onClick={() => edit.mutate(draft)}
            >
              Keep
            </Button>
            <Button size="xs" variant="default" onClick={() => setDraft(undefined)}>
              Cancel
            </Button>
          </Group>
        </>
      ) : message.deleted_at !== null ? (
        <Text size="sm" c="dimmed" fs="italic">
          This message was deleted.
        </Text>
      ) : (
        <Text className={classes.text}>
          {partsOf(message.text).map(({ text, mention }, index) =>
            mention ? (
              // biome-ignore lint/suspicious/noArrayIndexKey: parts of one text never change places
              <span key={index} className={classes.mention}>
                {text}
              </span>
            ) : (
              text
            ),
          )}
        </Text>
      )}
      <ConfirmWithReason
        opened={asked}
        onClose={() => setAsked(false)}
        title="Delete this message?"
        confirm="Delete"
        dangerous
        onConfirm={() => remove.mutateAsync()}
      >
        Its place stays, without a text.
      </ConfirmWithReason>
    </li>
  );
}
