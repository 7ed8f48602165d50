import { ActionIcon, Modal, Stack, Text, TextInput, Tooltip } from '@mantine/core';
import { Camera, ScanBarcode } from 'lucide-react';
import { type ReactNode, type Ref, useRef, useState } from 'react';
import { canScan, useCameraScan } from './use-camera-scan.ts';

export interface ScanFieldProps {
  label: string;
  description?: string | undefined;
  placeholder?: string;
  value: string;
  error?: ReactNode;
  required?: boolean;
  autoFocus?: boolean;
  onChange: (text: string) => void;
  /** Enter, which scanners send behind the code, and whatever the camera read. */
  onScan?: (text: string) => void;
  inputRef?: Ref<HTMLInputElement>;
}

/** A code: typed, from a scanner that types, or by the camera where the browser reads codes. */
export function ScanField({ onChange, onScan, inputRef, ...field }: ScanFieldProps) {
  const [looking, setLooking] = useState(false);
  const found = (text: string) => {
    setLooking(false);
    onChange(text);
    onScan?.(text);
  };
  return (
    <>
      <TextInput
        {...field}
        {...(inputRef ? { ref: inputRef } : {})}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Enter') return;
          // The Enter of a scanner must not hand in a form that is half filled in.
          event.preventDefault();
          if (field.value.trim() !== '') onScan?.(field.value.trim());
        }}
        autoComplete="off"
        autoCapitalize="off"
        spellCheck={false}
        leftSection={<ScanBarcode size={17} aria-hidden />}
        rightSection={
          canScan() && (
            <Tooltip label="Scan with the camera">
              <ActionIcon
                variant="subtle"
                aria-label={`${field.label}, with the camera`}
                onClick={() => setLooking(true)}
              >
                <Camera size={17} aria-hidden />
              </ActionIcon>
            </Tooltip>
          )
        }
      />
      <Modal
        opened={looking}
        onClose={() => setLooking(false)}
        title="Hold the code before the camera"
        closeButtonProps={{ 'aria-label': 'Close' }}
      >
        {looking && <CameraView onFound={found} />}
      </Modal>
    </>
  );
}

function CameraView({ onFound }: { onFound: (text: string) => void }) {
  const video = useRef<HTMLVideoElement>(null);
  const fault = useCameraScan(video, onFound);
  return (
    <Stack>
      {fault ? (
        <Text role="alert">{fault}</Text>
      ) : (
        <video ref={video} width="100%" muted playsInline aria-label="What the camera sees" />
      )}
    </Stack>
  );
}
