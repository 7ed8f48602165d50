import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { isProblem } from '../../api/problem.ts';
import { fromDevices, fromHub } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { Failed } from '../../ui/failed.tsx';
import { Notice } from '../../ui/notice.tsx';
import { PageLink } from '../../ui/page-link.tsx';
import { ScanField } from '../../ui/scan-field.tsx';
import { readScanned } from '../../ui/scanned-code.ts';
import type { Task } from './task.ts';
import { tasksAsking } from './tasks-asking.ts';

type Found =
  | { readonly kind: 'device'; readonly id: string }
  | { readonly kind: 'task'; readonly task: Task }
  | { readonly kind: 'none'; readonly code: string };

/** At the bench: the code of a sample, a plate or a device leads to the task that asks for it. */
export function FindByCode({ onDevice }: { onDevice: (id: string) => void }) {
  const [text, setText] = useState('');
  const queries = useQueryClient();
  const navigate = useNavigate();
  const find = useAction({
    run: async (scanned: string): Promise<Found> => {
      const code = await codeOf(scanned);
      const { tasks } = await queries.fetchQuery(
        fromHub.read('/tasks', { params: { query: { order: 'due', status: 'active', limit: 100 } } }),
      );
      const [task] = tasksAsking(tasks, code);
      if (task) return { kind: 'task', task };
      const device = await isDevice(code);
      return device ? { kind: 'device', id: code } : { kind: 'none', code };
    },
    onDone: (found) => {
      setText('');
      if (found.kind === 'task') void navigate({ to: '/tasks/$id', params: { id: found.task.id } });
      if (found.kind === 'device') onDevice(found.id);
    },
  });

  /** What a label leads to; a bar code is itself. */
  async function codeOf(scanned: string): Promise<string> {
    const read = readScanned(scanned);
    if (read.kind === 'plain') return read.text;
    if (read.kind === 'subject') return read.id;
    const { subject_id } = await queries.fetchQuery(
      fromHub.read('/links/{code}', { params: { path: { code: read.code } } }),
    );
    return subject_id ?? scanned;
  }

  async function isDevice(code: string): Promise<boolean> {
    // Only what can be the id of a device is asked for.
    if (!/^[A-Za-z0-9_.-]{1,50}$/.test(code)) return false;
    try {
      await queries.fetchQuery(fromDevices.read('/devices/{id}', { params: { path: { id: code } } }));
      return true;
    } catch (error) {
      if (isProblem(error) && error.status < 500 && error.status >= 400) return false;
      throw error;
    }
  }

  const none = find.data?.kind === 'none' ? find.data.code : undefined;
  return (
    <>
      <ScanField
        label="Scan a code"
        description="Scan a plate, sample or device to open its task. Press Enter to search."
        value={text}
        onChange={setText}
        onScan={(code) => find.mutate(code)}
      />
      {none !== undefined && (
        <Notice title="No task for this code">
          Nothing that is to be done asks for <strong>{none}</strong>.{' '}
          <PageLink to="/samples" search={{ q: none }} inherit underline="always">
            Search the samples
          </PageLink>
        </Notice>
      )}
      <Failed error={find.error} />
    </>
  );
}
