import { Button, FileInput, Group, Progress, Stack, Text, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Upload } from 'lucide-react';
import { type FormEvent, useRef, useState } from 'react';
import { sendFile } from '../../api/send-file.ts';
import { Failed } from '../../ui/failed.tsx';
import { sizeText } from '../../ui/file-size.ts';
import classes from './upload-box.module.css';

interface Sending {
  readonly name: string;
  readonly size: number;
  readonly sent: number;
}

interface Refused {
  readonly file: File;
  readonly error: unknown;
}

/**
 * Sends files one after the other. Each that is refused stays with its reason, to be tried again or removed, and the others go on; where it is
 * stopped, those that were to come stay chosen.
 */
export function UploadBox() {
  const queries = useQueryClient();
  const [files, setFiles] = useState<File[]>([]);
  const [plate, setPlate] = useState('');
  const [sending, setSending] = useState<Sending>();
  const [refused, setRefused] = useState<readonly Refused[]>([]);
  const giveUp = useRef<AbortController>(undefined);

  const takeOut = (file: File) => {
    setFiles((before) => before.filter((other) => other !== file));
    setRefused((before) => before.filter((other) => other.file !== file));
  };
  const send = async (wanted: readonly File[]) => {
    const control = new AbortController();
    giveUp.current = control;
    for (const file of wanted) {
      if (control.signal.aborted) break;
      setSending({ name: file.name, size: file.size, sent: 0 });
      try {
        await sendFile(file, {
          of: plate.trim() ? { plate_id: plate.trim() } : {},
          onProgress: (sent) => setSending({ name: file.name, size: file.size, sent }),
          signal: control.signal,
        });
        takeOut(file);
      } catch (error) {
        takeOut(file);
        const why = control.signal.aborted ? new Error('You stopped it before it was there.') : error;
        setRefused((before) => [...before, { file, error: why }]);
      }
      await queries.invalidateQueries({ queryKey: ['hub-service', '/files'] });
    }
    setSending(undefined);
  };
  const submit = (event: FormEvent) => {
    event.preventDefault();
    void send(files);
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
        {refused.length > 0 && (
          <NotSent
            refused={refused}
            busy={sending !== undefined}
            onTry={(wanted) => void send(wanted)}
            onRemove={takeOut}
          />
        )}
      </Stack>
    </form>
  );
}

function NotSent({
  refused,
  busy,
  onTry,
  onRemove,
}: {
  refused: readonly Refused[];
  busy: boolean;
  onTry: (files: readonly File[]) => void;
  onRemove: (file: File) => void;
}) {
  return (
    <>
      <Group gap="sm">
        <Text size="sm" fw={600}>
          {refused.length === 1 ? 'One file was not uploaded' : `${refused.length} files were not uploaded`}
        </Text>
        {refused.length > 1 && (
          <Button
            size="compact-sm"
            variant="default"
            disabled={busy}
            onClick={() => onTry(refused.map(({ file }) => file))}
          >
            Try all again
          </Button>
        )}
      </Group>
      <Stack
        component="ul"
        gap="sm"
        m={0}
        p={0}
        className={classes.list}
        aria-label="Files that were not uploaded"
      >
        {refused.map(({ file, error }, index) => (
          // Two of one name may come out of two folders.
          // biome-ignore lint/suspicious/noArrayIndexKey: with its name it is the file
          <Stack component="li" key={`${file.name} ${index}`} gap={4}>
            <Group gap="xs">
              <Text size="sm">
                {file.name} ({sizeText(file.size)})
              </Text>
              <Button
                size="compact-xs"
                variant="default"
                disabled={busy}
                aria-label={`Try again: ${file.name}`}
                onClick={() => onTry([file])}
              >
                Try again
              </Button>
              <Button
                size="compact-xs"
                variant="subtle"
                disabled={busy}
                aria-label={`Remove ${file.name}`}
                onClick={() => onRemove(file)}
              >
                Remove
              </Button>
            </Group>
            <Failed error={error} />
          </Stack>
        ))}
      </Stack>
    </>
  );
}
