import type { Device } from '../../api/overview.ts';

export const deviceStatuses = ['available', 'busy', 'maintenance'] as const;

/** True where the device is of what somebody looks for: its name, id, type or place has these letters, and its status is this one. */
export function matches(device: Device, { q = '', status }: { q?: string; status?: string }): boolean {
  if (status && device.status !== status) return false;
  const words = q.toLowerCase().split(/\s+/).filter(Boolean);
  const text =
    `${device.name} ${device.id} ${device.type.replaceAll('_', ' ')} ${device.location ?? ''}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

/** How far its holder has come, from 0 to 1; null where nobody said what it means to do. */
export function progressOf({ booking, running, operations_done: done }: Device, now: number): number | null {
  const total = booking?.operations.length ?? 0;
  if (total === 0) return null;
  const elapsed = running ? (now - Date.parse(running.started_at)) / 1_000 : 0;
  // What takes longer than expected does not look finished.
  const part = running ? Math.min(0.95, elapsed / Math.max(1, running.expected_seconds)) : 0;
  return Math.min(1, (done + part) / total);
}

/** `Step 2 of 5: pipette transfer`; between two steps only how many are done. */
export function stepText({ booking, running, operations_done: done }: Device): string {
  const total = booking?.operations.length ?? 0;
  const of = total > 0 ? ` of ${total}` : '';
  if (running) return `Step ${done + 1}${of}: ${running.operation.replaceAll('_', ' ')}`;
  if (done === 0) return 'No step started yet';
  return total > 0 && done >= total ? `All ${total} steps done` : `${done}${of} steps done`;
}
