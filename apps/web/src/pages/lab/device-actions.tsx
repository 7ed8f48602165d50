import { ActionIcon, Menu } from '@mantine/core';
import { CircleStop, Ellipsis, LogOut, Pause, Play, Wrench } from 'lucide-react';
import { memo, Suspense, useRef, useState } from 'react';
import { useMay } from '../../api/session.ts';
import { lazyPart } from '../../load.ts';
import classes from './device-card.module.css';

const ActionDialog = lazyPart(() => import('./action-dialog.tsx'));

/** What of a device decides what may be done with it. */
export interface Steered {
  id: string;
  name: string;
  status: string;
  paused: boolean;
  /** Who holds it, by which booking, and which operation it does. */
  workflow: string | null;
  booking: string | null;
  running: string | null;
  waits: boolean;
}

export type Asked = 'maintenance' | 'available' | 'pause' | 'go-on' | 'release' | 'abort';

/** What an operator may do with a device, with only what makes sense now. Until it is `ready`, the button alone. */
export const DeviceActions = memo(function DeviceActions({ ready, ...device }: Steered & { ready: boolean }) {
  const may = useMay('operator');
  const focused = useRef(false);
  const [asked, setAsked] = useState<Asked>();
  if (!may) return null;
  const label = `Actions for ${device.name}`;
  if (!ready)
    return (
      <button
        type="button"
        className={classes.later}
        aria-label={label}
        aria-haspopup="menu"
        onFocus={() => {
          focused.current = true;
        }}
        onBlur={() => {
          focused.current = false;
        }}
      />
    );
  return (
    <>
      <ActionMenu device={device} label={label} focus={focused} onAsk={setAsked} />
      <Suspense>
        {asked && <ActionDialog device={device} asked={asked} onClose={() => setAsked(undefined)} />}
      </Suspense>
    </>
  );
});

function ActionMenu(props: {
  device: Steered;
  label: string;
  /** True where the button before it had the focus: by keyboard one gets there before it is in sight. */
  focus: { current: boolean };
  onAsk: (what: Asked) => void;
}) {
  const { device, label, focus, onAsk } = props;
  const { status, paused, booking, running } = device;
  const icon = { size: 16, 'aria-hidden': true } as const;
  const takeFocus = (button: HTMLButtonElement | null) => {
    if (!button || !focus.current) return;
    focus.current = false;
    button.focus();
  };
  return (
    <Menu position="bottom-end" width={230}>
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" aria-label={label} ref={takeFocus}>
          <Ellipsis size={18} aria-hidden />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {status === 'maintenance' ? (
          <Menu.Item leftSection={<Wrench {...icon} />} onClick={() => onAsk('available')}>
            End maintenance
          </Menu.Item>
        ) : (
          <Menu.Item leftSection={<Wrench {...icon} />} onClick={() => onAsk('maintenance')}>
            Start maintenance
          </Menu.Item>
        )}
        {paused ? (
          <Menu.Item leftSection={<Play {...icon} />} onClick={() => onAsk('go-on')}>
            Resume
          </Menu.Item>
        ) : (
          <Menu.Item leftSection={<Pause {...icon} />} onClick={() => onAsk('pause')}>
            Pause
          </Menu.Item>
        )}
        {booking && (
          <Menu.Item
            leftSection={<LogOut {...icon} />}
            disabled={running !== null}
            onClick={() => onAsk('release')}
          >
            Release
          </Menu.Item>
        )}
        {running && (
          <Menu.Item leftSection={<CircleStop {...icon} />} onClick={() => onAsk('abort')}>
            Abort the operation
          </Menu.Item>
        )}
      </Menu.Dropdown>
    </Menu>
  );
}
