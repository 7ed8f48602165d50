import { Button, FileInput, Group, Progress, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Upload } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import { sendFile } from '../../api/send-file.ts';
import { Failed } from '../../ui/failed.tsx';
import { sizeText } from '../../ui/file-size.ts';

interface Sending {
  readonly name: string;
  readonly size: number;
  readonly sent: number;
}

/** Sends files one after the other; each that is refused is explained, and the others go on. */
export function UploadBox() {
  const queries = useQueryClient();
  const [files, setFiles] = useState<File[]>([]);
  const [plate, setPlate] = useState('');
  const [sending, setSending] = useState<Sending>();
  const [refused, setRefused] = useState<readonly { name: string; error: unknown }[]>([]);
  const giveUp = useRef<AbortController>(undefined);

  const submit = async (event: FormEvent) => {
    event.preventDefault();
    const control = new AbortController();
    giveUp.current = control;
    setRefused([]);
    for (const file of files) {
      if (control.signal.aborted) break;
      setSending({ name: file.name, size: file.size, sent: 0 });
      try {
        await sendFile(file, {
          of: plate.trim() ? { plate_id: plate.trim() } : {},
          onProgress: (sent) => setSending({ name: file.name, size: file.size, sent }),
          signal: control.signal,
        });
      } catch (error) {
        if (!control.signal.aborted) setRefused((before) => [...before, { name: file.name, error }]);
      }
      await queries.invalidateQueries({ queryKey: ['hub-service', '/files'] });
    }
    setSending(undefined);
    setFiles([]);
  };

  const percent = sending ? Math.floor((sending.sent / Math.max(1, sending.size)) * 100) : 0;
  return (
    <form onSubmit={submit} aria-label="Send files">
      <Stack gap="xs">
        <Group align="flex-end" gap="sm">
          <FileInput
            label="Files"
            placeholder="Choose files"
            multiple
            clearable
            clearButtonProps={{ 'aria-label': 'Take the files out' }}
            flex={1}
            miw={220}
            value={files}
            onChange={setFiles}
          />
          <TextInput
            label="Plate (optional)"
            value={plate}
            onChange={(event) => setPlate(event.currentTarget.value)}
          />
          <Button
            type="submit"
            disabled={files.length === 0}
            loading={sending !== undefined}
            leftSection={<Upload size={17} aria-hidden />}
          >
            Send
          </Button>
        </Group>
        {sending && (
          <Group gap="sm" role="status">
            <Progress flex={1} value={percent} aria-label={`${sending.name}: ${percent} % sent`} />
            <Text size="sm">
              {sending.name}: {sizeText(sending.sent)} of {sizeText(sending.size)}
            </Text>
            <Button size="xs" variant="default" onClick={() => giveUp.current?.abort()}>
              Stop
            </Button>
          </Group>
        )}
        {refused.map(({ name, error }) => (
          <Stack key={name} gap={4}>
            <Text size="sm">{name} was not taken:</Text>
            <Failed error={error} />
          </Stack>
        ))}
      </Stack>
    </form>
  );
}
