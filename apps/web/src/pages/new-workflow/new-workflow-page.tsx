import { Anchor, Button, Group, NativeSelect, Stack, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { ListPlus, Plus, UserRound } from 'lucide-react';
import { type FormEvent, useEffect, useMemo, useRef, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { type Fault, isProblem } from '../../api/problem.ts';
import { randomId } from '../../api/random-id.ts';
import { fromDevices, workflows } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { keptLive } from '../../live/refresh.ts';
import { Empty } from '../../ui/empty.tsx';
import { Failed } from '../../ui/failed.tsx';
import { showFirstFault } from '../../ui/first-fault.ts';
import { LoadingRows } from '../../ui/loading.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { duration } from '../../ui/times.ts';
import { type Draft, type DraftStep, emptyDraft, keepDraft, loadDraft, requestOf } from './draft.ts';
import { faultsOfDraft, messageAt, type Refusal, stillWrong } from './faults.ts';
import { OperationStepFields } from './operation-step.tsx';
import type { Schema } from './parameters.ts';
import { SamplePicker } from './sample-picker.tsx';
import { StepList } from './step-list.tsx';
import { TaskStepFields } from './task-step.tsx';

/** Describes a workflow: on which device, step by step, with which samples. What is typed is kept until it is created. */
export default function NewWorkflowPage() {
  const [draft, setDraft] = useState(loadDraft);
  const [tried, setTried] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const form = useRef<HTMLFormElement>(null);
  const navigate = useNavigate();
  useEffect(() => keepDraft(draft), [draft]);

  const offered = useQuery({
    ...fromDevices.read('/devices/{id}/operations', { params: { path: { id: draft.deviceId } } }),
    enabled: draft.deviceId !== '',
  });
  const operations = useMemo(
    () =>
      offered.data &&
      new Map(offered.data.operations.map(({ name, parameters }) => [name, parameters as Schema] as const)),
    [offered.data],
  );
  const create = useAction({
    run: ({ sent }: { sent: Draft; start: boolean }) =>
      ask(workflows.POST('/workflows', { body: requestOf(sent, operations ?? new Map()) })),
    done: ({ name }) => `${name} is created`,
    changes: [['workflow-service', '/workflows']],
    onDone: ({ id }, { start }) => {
      setDraft(emptyDraft);
      keepDraft(emptyDraft);
      void navigate({ to: '/workflows/$id', params: { id }, search: start ? { start: 'now' } : {} });
    },
  });
  const here = faultsOfDraft(draft, operations);
  const faults: readonly Fault[] = [...(tried ? here : []), ...(refusal ? stillWrong(refusal, draft) : [])];
  // The first field that is wrong, once it is on the page.
  const [looking, setLooking] = useState(false);
  useEffect(() => {
    if (!looking) return;
    setLooking(false);
    showFirstFault(form.current);
  }, [looking]);

  const submit = async (start: boolean) => {
    setTried(true);
    setRefusal(undefined);
    if (here.length > 0) return setLooking(true);
    try {
      await create.mutateAsync({ sent: draft, start });
    } catch (error) {
      if (!isProblem(error)) return;
      setRefusal({ draft, faults: error.faults });
      setLooking(true);
    }
  };
  const change = (changes: Partial<Draft>) => setDraft((before) => ({ ...before, ...changes }));
  const changeStep = (step: DraftStep) =>
    change({ steps: draft.steps.map((other) => (other.key === step.key ? step : other)) });
  const add = (step: DraftStep) => change({ steps: [...draft.steps, step] });

  return (
    <>
      <PageHeader
        title="New workflow"
        actions={
          draft !== emptyDraft && (
            <Button
              variant="subtle"
              onClick={() => {
                setDraft(emptyDraft);
                setTried(false);
                setRefusal(undefined);
                create.reset();
              }}
            >
              Start over
            </Button>
          )
        }
      >
        Choose a device, the steps and the samples.
      </PageHeader>
      <form
        ref={form}
        noValidate
        onSubmit={(event: FormEvent) => {
          event.preventDefault();
          void submit(false);
        }}
      >
        <Stack gap="xl" maw={860}>
          <Group align="flex-start" gap="md" grow preventGrowOverflow={false}>
            <TextInput
              label="Name"
              required
              maxLength={200}
              value={draft.name}
              error={messageAt(faults, 'body.name')}
              onChange={(event) => change({ name: event.currentTarget.value })}
            />
            <DevicePicker
              value={draft.deviceId}
              fault={messageAt(faults, 'body.device_id')}
              onChange={(deviceId) => change({ deviceId })}
            />
          </Group>

          <Stack component="section" gap="sm" aria-label="Steps">
            <Title order={2} size="h4">
              Steps
            </Title>
            {draft.steps.length === 0 && (
              <Empty title={draft.deviceId === '' ? 'Choose a device first' : 'No steps yet'} icon={ListPlus}>
                {draft.deviceId === ''
                  ? 'The steps you can add depend on the device.'
                  : 'Add what the device should do, or what a person should do in between.'}
              </Empty>
            )}
            {messageAt(faults, 'body.steps') && draft.steps.length === 0 && (
              <Text size="sm" c="var(--mantine-color-error)" role="alert" tabIndex={-1} data-faulty>
                Steps: {messageAt(faults, 'body.steps')}
              </Text>
            )}
            <StepList steps={draft.steps} onChange={(steps) => change({ steps })}>
              {(step, index) =>
                step.kind === 'task' ? (
                  <TaskStepFields
                    step={step}
                    at={`body.steps[${index}].operator_task`}
                    faults={faults}
                    onChange={changeStep}
                  />
                ) : (
                  <OperationStepFields
                    step={step}
                    at={`body.steps[${index}]`}
                    schema={operations?.get(step.operation)}
                    faults={faults}
                    onChange={changeStep}
                  />
                )
              }
            </StepList>
            {draft.deviceId !== '' && offered.isPending && <LoadingRows what="operations" rows={1} />}
            {draft.deviceId !== '' && <Failed error={offered.error} retry={offered.refetch} />}
            {draft.deviceId !== '' && (
              <Group gap="xs" role="group" aria-label="Add a step">
                {offered.data?.operations.map(({ name, description, typical_seconds }) => (
                  <Button
                    key={name}
                    size="xs"
                    variant="default"
                    leftSection={<Plus size={14} aria-hidden />}
                    title={`${description}${typical_seconds === null ? '' : ` About ${duration(typical_seconds)}.`}`}
                    onClick={() => add({ key: randomId(), kind: 'operation', operation: name, values: {} })}
                  >
                    {name.replaceAll('_', ' ')}
                  </Button>
                ))}
                <Button
                  size="xs"
                  variant="default"
                  leftSection={<UserRound size={14} aria-hidden />}
                  onClick={() =>
                    add({ key: randomId(), kind: 'task', title: '', instructions: '', role: '', fields: [] })
                  }
                >
                  work for a person
                </Button>
              </Group>
            )}
          </Stack>

          <Stack component="section" gap="sm" aria-label="Samples">
            <Title order={2} size="h4">
              Samples
            </Title>
            <SamplePicker
              picked={draft}
              faults={faults}
              onChange={(pick) => setDraft((before) => ({ ...before, ...pick(before) }))}
            />
            {draft.barcodes.length === 0 && draft.steps.some(({ kind }) => kind === 'operation') && (
              <Notice title="No samples are picked">
                It can be started like this. If its steps work on samples, pick them: what is done and
                measured is then found with each of them.
              </Notice>
            )}
          </Stack>

          <Stack gap="sm">
            {tried && here.length > 0 && (
              <Text size="sm" c="var(--mantine-color-error)" role="status">
                <Anchor
                  component="button"
                  type="button"
                  inherit
                  c="inherit"
                  underline="always"
                  onClick={() => setLooking(true)}
                >
                  {here.length === 1 ? 'One place is' : `${here.length} places are`} still to be corrected.
                </Anchor>
              </Text>
            )}
            <Failed error={create.error} />
            <Group>
              <Button type="submit" loading={create.isPending}>
                Create
              </Button>
              <Button variant="default" disabled={create.isPending} onClick={() => void submit(true)}>
                Create and start …
              </Button>
            </Group>
          </Stack>
        </Stack>
      </form>
    </>
  );
}

function DevicePicker({
  value,
  fault,
  onChange,
}: {
  value: string;
  fault: string | undefined;
  onChange: (id: string) => void;
}) {
  const { data, error } = useQuery({
    ...keptLive(fromDevices.read('/devices', { params: { query: { limit: 100 } } }), 'lab'),
    // Whoever has just added a device looks for it here.
    staleTime: 0,
  });
  const known = data?.devices ?? [];
  const gone = value !== '' && data !== undefined && known.every(({ id }) => id !== value);
  return (
    <NativeSelect
      label="Device"
      required
      value={value}
      error={fault ?? error?.message}
      data={[
        { value: '', label: 'Choose …' },
        ...known.map(({ id, name, status }) => ({ value: id, label: `${name} (${status})` })),
        ...(gone ? [{ value, label: value }] : []),
      ]}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}
