import { Button, Code, CopyButton, Group } from '@mantine/core';
import { Check, Copy } from 'lucide-react';

/** What is handed on elsewhere, to be copied. Without https a browser has no clipboard for pages: then it is marked and copied by hand. */
export function CopiedText({ text, what }: { text: string; what: string }) {
  return (
    <Group gap="xs" align="flex-start">
      <Code block flex="1 1 16rem" miw={0} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }}>
        {text}
      </Code>
      {window.isSecureContext && (
        <CopyButton value={text} timeout={3_000}>
          {({ copied, copy }) => (
            <Button
              size="xs"
              variant="default"
              leftSection={copied ? <Check size={14} aria-hidden /> : <Copy size={14} aria-hidden />}
              onClick={copy}
            >
              {copied ? 'Copied' : `Copy ${what}`}
            </Button>
          )}
        </CopyButton>
      )}
    </Group>
  );
}
