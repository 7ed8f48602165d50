import {
  Alert,
  Button,
  Code,
  CopyButton,
  Group,
  List,
  Progress,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { ShieldAlert, ShieldCheck } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { clientOf, readsOf, type ServiceName } from '../../api/each-service.ts';
import { Failed } from '../../ui/failed.tsx';

interface Fault {
  seq: string | null;
  text: string;
}

interface Check {
  state: 'running' | 'done' | 'stopped';
  /** Entries that were computed anew. */
  entries: number;
  /** Entries in all. */
  of: number;
  faults: Fault[];
  faultCount: number;
  pending: number;
  /** It began behind this head. */
  head: string | null;
}

/** Faults that are kept; the rest is counted. */
const mostFaults = 100;

/** Computes the chain anew, part by part, from the beginning or behind a head that somebody kept elsewhere. */
export function Verification({ service }: { service: ServiceName }) {
  const head = useQuery(readsOf(service).read('/audit/head'));
  const [check, setCheck] = useState<Check>();
  const [error, setError] = useState<unknown>();
  const [kept, setKept] = useState('');
  const stopped = useRef(false);

  const verify = async (event: FormEvent) => {
    event.preventDefault();
    stopped.current = false;
    setError(undefined);
    const from = kept.trim() || null;
    const begun = Number(from?.split(':')[0] ?? 0) || 0;
    let now: Check = {
      state: 'running',
      entries: 0,
      of: Math.max(0, Number(head.data?.seq ?? 0) - begun),
      faults: [],
      faultCount: 0,
      pending: 0,
      head: from,
    };
    setCheck(now);
    try {
      for (let cursor: string | null | undefined; cursor !== null && !stopped.current; ) {
        const part = await ask(
          clientOf(service).GET('/audit/verification', {
            params: { query: cursor ? { cursor } : from ? { head: from } : {} },
          }),
        );
        cursor = part.next_cursor;
        now = {
          ...now,
          entries: now.entries + part.entries,
          of: Math.max(0, Number(part.head.seq) - begun),
          faults: [...now.faults, ...part.faults].slice(0, mostFaults),
          faultCount: now.faultCount + part.fault_count,
          pending: part.pending,
          state: cursor === null ? 'done' : 'running',
        };
        setCheck(now);
      }
      if (now.state === 'running') setCheck({ ...now, state: 'stopped' });
    } catch (thrown) {
      setError(thrown);
      setCheck(undefined);
    }
  };

  return (
    <Stack component="section" gap="sm" aria-labelledby="chain">
      <Title order={2} size="h5" id="chain">
        The chain
      </Title>
      <Failed error={head.error} retry={head.refetch} />
      {head.data && (
        <Group gap="xs">
          <Text size="sm">
            {Number(head.data.seq).toLocaleString()} {head.data.seq === '1' ? 'entry' : 'entries'}; the head,
            to be kept elsewhere:
          </Text>
          <Code style={{ overflowWrap: 'anywhere' }}>{head.data.head.slice(0, 24)}…</Code>
          <CopyButton value={head.data.head}>
            {({ copied, copy }) => (
              <Button size="compact-sm" variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy the head'}
              </Button>
            )}
          </CopyButton>
        </Group>
      )}
      <form onSubmit={verify}>
        <Group align="flex-end" gap="sm">
          <TextInput
            label="Check from a head you kept"
            description="Leave empty to check from the first entry. Only a head you kept can show that nothing was cut off."
            placeholder="SEQ:HASH:CHAIN"
            flex="1 1 18rem"
            maw={560}
            value={kept}
            onChange={({ currentTarget }) => setKept(currentTarget.value)}
          />
          {check?.state === 'running' ? (
            <Button
              type="button"
              variant="default"
              onClick={() => {
                stopped.current = true;
              }}
            >
              Stop
            </Button>
          ) : (
            <Button
              type="submit"
              variant="default"
              leftSection={<ShieldCheck size={16} aria-hidden />}
              disabled={!head.data}
            >
              Verify the chain
            </Button>
          )}
        </Group>
      </form>
      <Failed error={error} />
      <div role="status">{check && <Verdict check={check} />}</div>
    </Stack>
  );
}

function Verdict({ check }: { check: Check }) {
  const { state, entries, of, faults, faultCount, pending, head } = check;
  if (faultCount > 0)
    return (
      <Alert
        color="red"
        variant="outline"
        bg="var(--lab-surface)"
        icon={<ShieldAlert aria-hidden />}
        title={
          faultCount === 1
            ? 'The record was tampered with'
            : `The record was tampered with: ${faultCount} faults`
        }
      >
        <List size="sm">
          {faults.map(({ seq, text }) => (
            <List.Item key={`${seq} ${text}`}>{text}</List.Item>
          ))}
        </List>
        {state === 'running' && <Text size="sm">Still reading …</Text>}
      </Alert>
    );
  if (state === 'running')
    return (
      <Stack gap={4}>
        <Progress
          value={of === 0 ? 0 : Math.min(100, (entries / of) * 100)}
          aria-label="Entries computed anew"
          animated
        />
        <Text size="sm">
          {entries.toLocaleString()} of {of.toLocaleString()} entries
        </Text>
      </Stack>
    );
  if (state === 'stopped')
    return <Text size="sm">Stopped after {entries.toLocaleString()} entries, which are whole.</Text>;
  return (
    <Alert
      color="teal"
      variant="outline"
      bg="var(--lab-surface)"
      icon={<ShieldCheck aria-hidden />}
      title="The chain is intact"
    >
      <Text size="sm">
        {entries.toLocaleString()} {entries === 1 ? 'entry was' : 'entries were'} computed anew
        {head === null
          ? ', from the first one on. That nothing was cut off at the end shows only a head that was kept elsewhere.'
          : ', behind the head that was kept: nothing before it was changed or cut off.'}
        {pending > 0 && ` ${pending} more wait for their place in it.`}
      </Text>
    </Alert>
  );
}
