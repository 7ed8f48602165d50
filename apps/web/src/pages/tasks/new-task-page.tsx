import {
  ActionIcon,
  Button,
  Card,
  Checkbox,
  Group,
  Select,
  SimpleGrid,
  Stack,
  Text,
  Textarea,
  TextInput,
  Title,
} from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { Plus, Trash2 } from 'lucide-react';
import { type FormEvent, useState } from 'react';
import { ask } from '../../api/ask.ts';
import { hub } from '../../api/services.ts';
import { type Role, roles } from '../../api/session.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { Markdown } from '../../ui/markdown.tsx';
import { PageHeader } from '../../ui/page-header.tsx';
import { draftField, type FieldDraft, fieldsOf } from './field-draft.ts';

const types = [
  { value: 'text', label: 'Text' },
  { value: 'number', label: 'Number' },
  { value: 'choice', label: 'Choice' },
  { value: 'yes_no', label: 'Yes or no' },
  { value: 'barcode', label: 'Barcode' },
  { value: 'date', label: 'Date' },
];

/** Asks for work by a human hand. */
export default function NewTaskPage() {
  const navigate = useNavigate();
  const [title, setTitle] = useState('');
  const [instructions, setInstructions] = useState('');
  const [role, setRole] = useState<Role | ''>('');
  const [priority, setPriority] = useState<'urgent' | 'normal' | 'low'>('normal');
  const [due, setDue] = useState('');
  const [device, setDevice] = useState('');
  const [fields, setFields] = useState<readonly FieldDraft[]>([]);
  const [tried, setTried] = useState(false);
  const make = useAction({
    run: () =>
      ask(
        hub.POST('/tasks', {
          body: {
            title: title.trim(),
            instructions,
            fields: fieldsOf(fields),
            priority,
            ...(role ? { assignee: { role } } : {}),
            ...(due ? { due_at: new Date(due).toISOString() } : {}),
            ...(device.trim() ? { device_id: device.trim() } : {}),
          },
        }),
      ),
    done: ({ title }) => `“${title}” waits to be done.`,
    changes: [['hub-service', '/tasks']],
    onDone: ({ id }) => void navigate({ to: '/tasks/$id', params: { id } }),
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (title.trim() !== '' && fields.every(({ label }) => label.trim() !== '')) make.mutate();
  };
  const change = (id: string, changes: Partial<FieldDraft>) =>
    setFields(fields.map((field) => (field.id === id ? { ...field, ...changes } : field)));

  return (
    <>
      <PageHeader title="New task">For a colleague, or for yourself later.</PageHeader>
      <form onSubmit={submit} noValidate>
        <Stack maw={760}>
          <TextInput
            label="What needs doing"
            required
            maxLength={200}
            value={title}
            error={tried && title.trim() === '' ? 'Say it in a few words.' : undefined}
            onChange={(event) => setTitle(event.currentTarget.value)}
          />
          <Textarea
            label="Instructions (optional)"
            description="Markdown: **bold**, lists, tables, links."
            autosize
            minRows={3}
            maxRows={16}
            maxLength={20_000}
            value={instructions}
            onChange={(event) => setInstructions(event.currentTarget.value)}
          />
          {instructions.trim() !== '' && (
            <Card
              withBorder
              bg="var(--lab-surface)"
              py="xs"
              component="section"
              aria-label="How it will look"
            >
              <Markdown text={instructions} />
            </Card>
          )}
          <SimpleGrid cols={{ base: 1, xs: 2 }}>
            <Select
              label="For whom"
              data={[
                { value: '', label: 'Anybody' },
                ...roles
                  .filter((each) => each !== 'viewer')
                  .map((each) => ({ value: each, label: `Whoever is ${each}` })),
              ]}
              value={role}
              allowDeselect={false}
              onChange={(value) => setRole((value ?? '') as Role | '')}
            />
            <Select
              label="Priority"
              data={['urgent', 'normal', 'low']}
              value={priority}
              allowDeselect={false}
              onChange={(value) => value && setPriority(value as typeof priority)}
            />
            <TextInput
              label="Due (optional)"
              type="datetime-local"
              value={due}
              onChange={(event) => setDue(event.currentTarget.value)}
            />
            <TextInput
              label="Device (optional)"
              value={device}
              onChange={(event) => setDevice(event.currentTarget.value)}
            />
          </SimpleGrid>
          <Title order={2} size="h4">
            Form
          </Title>
          {fields.length === 0 && (
            <Text c="dimmed" size="sm">
              Without fields, the task is simply completed. Fields ask for what was measured, scanned or seen.
            </Text>
          )}
          {fields.map((field, index) => (
            <Card key={field.id} withBorder bg="var(--lab-surface)" component="fieldset" m={0}>
              <Stack gap="xs">
                <Group justify="space-between">
                  <Text component="legend" fw={600} size="sm">
                    Field {index + 1}
                  </Text>
                  <ActionIcon
                    variant="subtle"
                    color="gray"
                    aria-label={`Remove field ${index + 1}`}
                    onClick={() => setFields(fields.filter(({ id }) => id !== field.id))}
                  >
                    <Trash2 size={17} aria-hidden />
                  </ActionIcon>
                </Group>
                <SimpleGrid cols={{ base: 1, xs: 2 }}>
                  <TextInput
                    label="Question"
                    required
                    maxLength={200}
                    value={field.label}
                    error={tried && field.label.trim() === '' ? 'Say what is asked.' : undefined}
                    onChange={(event) => change(field.id, { label: event.currentTarget.value })}
                  />
                  <Select
                    label="Type"
                    data={types}
                    value={field.type}
                    allowDeselect={false}
                    onChange={(type) => type && change(field.id, { type: type as FieldDraft['type'] })}
                  />
                  {field.type === 'number' && (
                    <>
                      <TextInput
                        label="Unit (optional)"
                        maxLength={20}
                        value={field.unit}
                        onChange={(event) => change(field.id, { unit: event.currentTarget.value })}
                      />
                      <TextInput
                        label="At least (optional)"
                        inputMode="decimal"
                        value={field.minimum}
                        onChange={(event) => change(field.id, { minimum: event.currentTarget.value })}
                      />
                      <TextInput
                        label="At most (optional)"
                        inputMode="decimal"
                        value={field.maximum}
                        onChange={(event) => change(field.id, { maximum: event.currentTarget.value })}
                      />
                    </>
                  )}
                  {(field.type === 'choice' || field.type === 'barcode') && (
                    <Textarea
                      label={field.type === 'choice' ? 'Choices' : 'Expected codes'}
                      description={
                        field.type === 'choice'
                          ? 'One per line.'
                          : 'One per line; leave empty to accept any code.'
                      }
                      autosize
                      minRows={2}
                      value={field.lines}
                      onChange={(event) => change(field.id, { lines: event.currentTarget.value })}
                    />
                  )}
                </SimpleGrid>
                <Checkbox
                  label="Optional"
                  checked={field.optional}
                  onChange={(event) => change(field.id, { optional: event.currentTarget.checked })}
                />
              </Stack>
            </Card>
          ))}
          <Group>
            <Button
              variant="default"
              leftSection={<Plus size={17} aria-hidden />}
              onClick={() => setFields([...fields, draftField()])}
            >
              Add a field
            </Button>
          </Group>
          <Failed error={make.error} />
          <Group>
            <Button type="submit" loading={make.isPending}>
              Create the task
            </Button>
          </Group>
        </Stack>
      </form>
    </>
  );
}
