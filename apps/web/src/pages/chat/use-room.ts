import { useQuery } from '@tanstack/react-query';
import { fromDevices, fromWorkflows } from '../../api/services.ts';

/** What a room is about, as people call it. */
export interface Room {
  readonly kind: 'lab' | 'run' | 'device';
  /** Of the workflow or the device; none of the laboratory. */
  readonly id: string;
  /** The id as long as nothing else is known; a device can be talked of under any id, also when it is gone. */
  readonly name: string;
  /** It is there, so a link leads to it. */
  readonly known: boolean;
}

/** Names stay: they are asked for once in five minutes, however often the list of rooms is told anew. */
const staleTime = 300_000;

export function useRoom(room: string): Room {
  const [kind = 'lab', id = ''] = room.split(':', 2);
  const params = { path: { id } };
  const workflow = useQuery({
    ...fromWorkflows.read('/workflows/{id}', { params }),
    staleTime,
    enabled: kind === 'run' && id !== '',
  });
  const device = useQuery({
    ...fromDevices.read('/devices/{id}', { params }),
    staleTime,
    enabled: kind === 'device' && id !== '',
  });
  if (kind === 'run')
    return { kind, id, name: workflow.data?.name ?? id, known: workflow.data !== undefined };
  if (kind === 'device') return { kind, id, name: device.data?.name ?? id, known: device.data !== undefined };
  return { kind: 'lab', id: '', name: 'the laboratory', known: true };
}
