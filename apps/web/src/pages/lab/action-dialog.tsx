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
        title: `${name} into maintenance?`,
        confirm: 'Into maintenance',
        reason: 'asked',
        about: `Nobody is booked on it until it is back. ${booking ? 'Whoever has it now may finish. ' : ''}Those who wait stay in line.`,
      };
    case 'available':
      return {
        title: `${name} back from maintenance?`,
        confirm: 'It is ready',
        reason: 'asked',
        about: waits ? 'The first who waits gets it at once.' : 'It can be booked again.',
      };
    case 'pause':
      return {
        title: `Pause ${name}?`,
        confirm: 'Pause',
        reason: 'asked',
        about: 'What it does now is finished; then it begins nothing until it may go on. Its booking stays.',
      };
    case 'go-on':
      return {
        title: `Let ${name} go on?`,
        confirm: 'Go on',
        about: 'It begins the next operation as soon as one is asked for.',
      };
    case 'release':
      return {
        title: `Release ${name}?`,
        confirm: 'Release',
        reason: 'needed',
        dangerous: true,
        about: `The workflow that has it loses it, and is paused. ${waits ? 'The first who waits gets it at once.' : ''}`,
      };
    case 'abort':
      return {
        title: `Abort what ${name} is doing?`,
        confirm: 'Abort',
        reason: 'needed',
        dangerous: true,
        about: `The instrument is told to stop${running ? ` “${running.replaceAll('_', ' ')}”` : ''}. The step has failed then, and can be done again; the workflow keeps the device.`,
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
