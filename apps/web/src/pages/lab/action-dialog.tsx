import type { ReactNode } from 'react';
import { ask } from '../../api/ask.ts';
import { devices } from '../../api/services.ts';
import { useAction } from '../../api/use-action.ts';
import { type ConfirmProps, ConfirmWithReason } from '../../ui/confirm-with-reason.tsx';
import type { Asked, Steered } from './device-actions.tsx';

const changes = [['device-service']] as const;

type Words = Pick<ConfirmProps, 'title' | 'confirm' | 'reason' | 'dangerous'> & { about: ReactNode };

function wordsOf(asked: Asked, { name, booking, running, waits }: Steered): Words {
  switch (asked) {
    case 'maintenance':
      return {
        title: `Start maintenance of ${name}?`,
        confirm: 'Start maintenance',
        reason: 'asked',
        about: `It cannot be booked until maintenance ends. ${booking ? 'The current workflow may finish. ' : ''}The queue stays as it is.`,
      };
    case 'available':
      return {
        title: `End maintenance of ${name}?`,
        confirm: 'It is ready',
        reason: 'asked',
        about: waits ? 'The first in the queue gets it right away.' : 'It can be booked again.',
      };
    case 'pause':
      return {
        title: `Pause ${name}?`,
        confirm: 'Pause',
        reason: 'asked',
        about:
          'It finishes its current operation, then starts nothing until it is resumed. Its booking stays.',
      };
    case 'go-on':
      return {
        title: `Resume ${name}?`,
        confirm: 'Resume',
        about: 'It takes the next operation as soon as there is one.',
      };
    case 'release':
      return {
        title: `Release ${name}?`,
        confirm: 'Release',
        reason: 'needed',
        dangerous: true,
        about: `The workflow that holds it loses it and is paused. ${waits ? 'The first in the queue gets it right away.' : ''}`,
      };
    case 'abort':
      return {
        title: `Abort what ${name} is doing?`,
        confirm: 'Abort',
        reason: 'needed',
        dangerous: true,
        about: `The instrument is told to stop${running ? ` “${running.replaceAll('_', ' ')}”` : ''}. The step then counts as failed and can be tried again. The workflow keeps the device.`,
      };
  }
}

/** Asks before it is done, and does it. There while it is asked. */
export default function ActionDialog(props: { device: Steered; asked: Asked; onClose: () => void }) {
  const { device, asked, onClose } = props;
  const params = { path: { id: device.id } };
  const act = useAction({
    run: (reason: string) => {
      const why = reason ? { reason } : {};
      const change = (wanted: { status?: 'maintenance' | 'available'; paused?: boolean }) =>
        ask(devices.PATCH('/devices/{id}', { params, body: { ...wanted, ...why } }));
      switch (asked) {
        case 'maintenance':
        case 'available':
          return change({ status: asked });
        case 'pause':
        case 'go-on':
          return change({ paused: asked === 'pause' });
        case 'release':
          return ask(
            devices.POST('/devices/{id}/release', {
              params,
              body: {
                workflow_id: device.workflow ?? '',
                ...(device.booking ? { booking_id: device.booking } : {}),
                reason,
              },
            }),
          );
        case 'abort':
          return ask(devices.POST('/devices/{id}/abort', { params, body: { reason } }));
      }
    },
    done: ({ message }: { message: string }) => message,
    changes,
  });
  const { about, ...words } = wordsOf(asked, device);
  return (
    <ConfirmWithReason opened onClose={onClose} {...words} onConfirm={(reason) => act.mutateAsync(reason)}>
      {about}
    </ConfirmWithReason>
  );
}
