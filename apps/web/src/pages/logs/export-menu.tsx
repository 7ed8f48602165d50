import { Button, Menu } from '@mantine/core';
import { ChevronDown, Download } from 'lucide-react';
import { ask } from '../../api/ask.ts';
import { devices } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import type { LogQuery } from './log.ts';

/** All rows that the filters fit, written to a file by the browser as they come: of any number. */
export function ExportMenu({ asked }: { asked: LogQuery }) {
  const download = useAction<'csv' | 'ndjson'>({
    run: async (format) => {
      // A download cannot refresh the session by itself: this does, and shows a refusal here.
      await ask(devices.GET('/execution-logs', { params: { query: { ...asked, limit: 1 } } }));
      const link = document.createElement('a');
      link.href = `/api/device-service/execution-logs?${new URLSearchParams({ ...asked, format })}`;
      link.download = `execution-logs.${format}`;
      link.click();
    },
  });
  return (
    <div>
      <Menu position="bottom-end">
        <Menu.Target>
          <Button
            variant="default"
            loading={download.isPending}
            leftSection={<Download size={16} aria-hidden />}
            rightSection={<ChevronDown size={14} aria-hidden />}
          >
            Export
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => download.mutate('csv')}>CSV, for spreadsheets</Menu.Item>
          <Menu.Item onClick={() => download.mutate('ndjson')}>NDJSON, for programs</Menu.Item>
        </Menu.Dropdown>
      </Menu>
      <Failed error={download.error} />
    </div>
  );
}
