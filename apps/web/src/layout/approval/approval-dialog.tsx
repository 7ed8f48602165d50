import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { type FormEvent, useState } from 'react';
import type { Asking } from '../../api/approvals.ts';
import { ask } from '../../api/ask.ts';
import { isProblem } from '../../api/problem.ts';
import { hub } from '../../api/services.ts';
import { useSession } from '../../api/session.ts';
import { Fact, Facts } from '../../ui/facts.tsx';
import { Failed } from '../../ui/failed.tsx';
import { duration } from '../../ui/times.ts';
import { SignatureFields, type Signing, unsigned } from './signature-fields.tsx';
import { wordsOf } from './words.ts';

/** The reason and the signature that an action wants. It is done with them at once, or left. */
export default function ApprovalDialog({ asking }: { asking: Asking }) {
  const signs = asking.refusal.code !== 'reason_required';
  return (
    <Modal
      opened
      onClose={asking.leave}
      closeOnClickOutside={false}
      title={signs ? 'Sign it electronically' : 'Say why'}
      centered
      // Above the confirmation that it belongs to.
      zIndex={250}
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <ApprovalForm asking={asking} />
    </Modal>
  );
}

function ApprovalForm({ asking }: { asking: Asking }) {
  const session = useSession();
  const [refusal, setRefusal] = useState(asking.refusal);
  const [reason, setReason] = useState('');
  const [signing, setSigning] = useState(unsigned);
  const [error, setError] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const [tried, setTried] = useState(false);
  const asksReason = asking.refusal.code === 'reason_required';
  const signs = refusal.code !== 'reason_required';
  const { action, subject } = asking;

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    setError(undefined);
    if (asksReason && reason.trim() === '') return;
    if (signs && (signing.password === '' || signing.meaning.trim() === '')) return;
    setBusy(true);
    try {
      const why = asksReason ? { reason: reason.trim() } : {};
      const still = await asking.send(
        signs ? { ...why, signature: await sign({ ...signing, action, subject }) } : why,
      );
      if (!still) return;
      // A reason was missing first, and now a signature: that is no fault.
      if (still.code !== 'signature_required' || signs) setError(still);
      setRefusal(still);
      setTried(false);
    } catch (thrown) {
      setError(thrown);
      // Neither a password nor a code is sent twice without being looked at.
      setSigning((before) => ({
        ...before,
        code: '',
        ...(isProblem(thrown, 'invalid_credentials') ? { password: '' } : {}),
      }));
    }
    setBusy(false);
  };

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Facts>
          <Fact name="What">{wordsOf(action)}</Fact>
          <Fact name="Of">{subject}</Fact>
          {asking.reason && <Fact name="Reason">{asking.reason}</Fact>}
          {signs && session.kind !== 'nobody' && <Fact name="Signed by">{session.name}</Fact>}
        </Facts>
        {asksReason && (
          <Textarea
            data-autofocus
            label="Reason"
            description="Kept in the audit trail."
            required
            value={reason}
            maxLength={500}
            autosize
            minRows={2}
            error={tried && reason.trim() === '' ? 'Say why, in a few words.' : undefined}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
        )}
        {signs && <SignatureFields signing={signing} onChange={setSigning} tried={tried} error={error} />}
        <Refused error={error} />
        <Group justify="flex-end">
          <Button variant="default" type="button" onClick={asking.leave}>
            Go back
          </Button>
          <Button type="submit" loading={busy}>
            {signs ? 'Sign' : 'Go on'}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** What is wrong with a field stands at the field. */
const atField = ['invalid_credentials', 'wrong_code', 'code_required'];

function Refused({ error }: { error: unknown }) {
  if (isProblem(error, ...atField)) return null;
  const wait = isProblem(error, 'too_many_attempts') && error.retryAfter;
  return (
    <>
      <Failed error={error} />
      {wait && <Text size="sm">You can try again in {duration(wait)}. Nothing was done.</Text>}
    </>
  );
}

async function sign(given: Signing & { action: string; subject: string }): Promise<string> {
  const { password, code, meaning, action, subject } = given;
  const answer = await ask(
    hub.POST('/signatures', {
      body: {
        password,
        ...(code.trim() ? { code: code.trim() } : {}),
        meaning: meaning.trim(),
        action,
        subject,
      },
    }),
  );
  return answer.signature;
}
