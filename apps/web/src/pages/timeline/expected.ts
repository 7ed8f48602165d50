import type { paths } from '@labwright/client/openapi/device-service';
import type { Device } from '../../api/overview.ts';
import type { Bar } from './bars.ts';

type QueuePage = paths['/devices/{id}/queue']['get']['responses'][200]['content']['application/json'];
export type Waiting = QueuePage['queue'][number];

/**
 * What is to come on one device: the rest of the operation that runs, then of its holder, then everybody who waits, each until the next one's turn. Where nobody can say
 * when (maintenance, paused, the holder waits for somebody), nothing is drawn: the table says who waits.
 */
export function expectedBars(device: Device, queue: readonly Waiting[], now: number): Bar[] {
  const { id, booking, running, holder_until: until, free } = device;
  const bars: Bar[] = [];
  if (booking && running) {
    const from = Date.parse(running.started_at);
    bars.push({
      id: `running ${id}`,
      device: id,
      from,
      to: Math.max(now, from + running.expected_seconds * 1_000),
      kind: 'running',
      title: running.operation.replaceAll('_', ' '),
      workflow: booking.workflow_id,
      why: [],
    });
  }
  const holderEnds = timeOf(until.at);
  const begins = bars[0]?.to ?? now;
  if (booking && holderEnds !== undefined && holderEnds > begins)
    bars.push({
      id: `held ${id}`,
      device: id,
      from: begins,
      to: holderEnds,
      kind: 'held',
      title: 'the rest of its steps',
      workflow: booking.workflow_id,
      why: [],
    });
  for (const [index, entry] of queue.entries()) {
    const from = timeOf(entry.estimate.at);
    const next = queue[index + 1];
    const to = next
      ? timeOf(next.estimate.at)
      : index + 1 === device.queue_length
        ? timeOf(free.at)
        : undefined;
    if (from === undefined) continue;
    bars.push({
      id: `entry ${entry.id}`,
      device: id,
      from,
      to: Math.max(from, to ?? from),
      kind: 'expected',
      title: `waits, place ${entry.position}, ${entry.priority}`,
      workflow: entry.workflow_id,
      why: entry.waiting_reasons.map(({ text }) => text),
    });
  }
  return bars;
}

const timeOf = (at: string | null) => (at === null ? undefined : Date.parse(at));
