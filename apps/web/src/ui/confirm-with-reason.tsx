import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useId, useState, useSyncExternalStore } from 'react';
import { approvals } from '../api/approvals.ts';
import { isProblem } from '../api/problem.ts';
import { Failed } from './failed.tsx';

export interface ConfirmProps {
  opened: boolean;
  onClose: () => void;
  /** What will be done, as a question: `Release liquid-handler-1?` */
  title: string;
  /** What it means for whom. */
  children: ReactNode;
  /** The word on the button: `Release`. */
  confirm: string;
  /** `needed`: it goes into the audit trail and must not be empty. `asked`: it may be left out. Default: none is asked for. */
  reason?: 'needed' | 'asked';
  /** It destroys or stops something. */
  dangerous?: boolean;
  /** Resolves when it is done, and the dialog closes; what it throws is shown here. */
  onConfirm: (reason: string) => Promise<unknown>;
}

/** Asks before something that others notice; with the reason that the audit trail keeps. */
export function ConfirmWithReason(props: ConfirmProps) {
  const { opened, onClose, title } = props;
  // The dialog of the signature is above this one, and Escape is for it.
  const signing = useSyncExternalStore(approvals.subscribe, approvals.asking) !== undefined;
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={title}
      centered
      closeOnEscape={!signing}
      closeOnClickOutside={!signing}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      {/* Made anew each time: the reason of the last time is not the reason of this one. */}
      {opened && <ConfirmForm {...props} />}
    </Modal>
  );
}

function ConfirmForm({ onClose, children, confirm, reason, dangerous, onConfirm }: ConfirmProps) {
  const [text, setText] = useState('');
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [missing, setMissing] = useState(false);
  const about = useId();
  const hasField = reason !== undefined;
  useEffect(() => (hasField ? approvals.hasReasonField() : undefined), [hasField]);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    if (reason === 'needed' && text.trim() === '') return setMissing(true);
    setBusy(true);
    setError(undefined);
    try {
      await onConfirm(text.trim());
      onClose();
    } catch (thrown) {
      if (hasField && isProblem(thrown, 'reason_required')) setMissing(true);
      else setError(thrown);
    } finally {
      setBusy(false);
    }
  };

  return (
    <form onSubmit={submit} aria-describedby={about} noValidate>
      <Stack>
        <Text id={about} size="sm" component="div">
          {children}
        </Text>
        {reason && (
          <Textarea
            data-autofocus
            label={reason === 'needed' || missing ? 'Reason' : 'Reason (optional)'}
            description="Kept in the audit trail."
            required={reason === 'needed' || missing}
            value={text}
            maxLength={500}
            autosize
            minRows={2}
            error={missing && text.trim() === '' ? 'Say why, in a few words.' : undefined}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <Failed error={error} />
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose} type="button">
            Go back
          </Button>
          <Button
            type="submit"
            loading={busy}
            {...(dangerous ? { color: 'red.9' } : {})}
            data-autofocus={!reason || undefined}
          >
            {confirm}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
