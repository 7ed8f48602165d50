import { useQuery } from '@tanstack/react-query';
import { memo, useRef } from 'react';
import { type HolderWait, useHolderWait } from '../../api/holder-wait.ts';
import type { Device } from '../../api/overview.ts';
import { fromWorkflows } from '../../api/services.ts';
import { useLiveNow } from '../../live/live-now.ts';
import { HolderWaitText } from '../../ui/holder-wait.tsx';
import { LightLink } from '../../ui/light-link.tsx';
import { StatusBadge } from '../../ui/status-badge.tsx';
import { about } from '../../ui/times.ts';
import { progressOf, stepText } from './device.ts';
import { DeviceActions } from './device-actions.tsx';
import classes from './device-card.module.css';
import { useSeen } from './use-seen.ts';

/**
 * One instrument: what it does, for whom, how many wait, and when it will be free. There may be hundreds that all change at once, so
 * it is plain elements, and what is heavier is there once the card was in sight.
 */
export const DeviceCard = memo(function DeviceCard({ device, hidden }: { device: Device; hidden: boolean }) {
  const place = useRef<HTMLLIElement>(null);
  const seen = useSeen(place);
  const wait = useHolderWait(device, seen);
  const { id, name, type, location, status, paused, booking, running, queue_length: queue } = device;
  return (
    <li ref={place} className={classes.card} data-status={status} data-tour="device" hidden={hidden}>
      <div className={classes.head}>
        <div className={classes.names}>
          <h2 className={classes.name}>{name}</h2>
          <p className={classes.kind}>
            {type.replaceAll('_', ' ')}
            {location ? ` · ${location}` : ''}
          </p>
        </div>
        <div className={classes.state}>
          {paused && status !== 'maintenance' ? (
            <StatusBadge status="paused" text={status === 'busy' ? 'busy, paused' : 'paused'} />
          ) : (
            <StatusBadge status={status} />
          )}
          <DeviceActions
            id={id}
            name={name}
            status={status}
            paused={paused}
            workflow={booking?.workflow_id ?? null}
            booking={booking?.id ?? null}
            running={running?.operation ?? null}
            waits={queue > 0}
            ready={seen}
          />
        </div>
      </div>
      <div className={classes.work}>
        {booking ? (
          <>
            <WorkflowName id={booking.workflow_id} />
            <p>{wait?.kind === 'failed' ? <FailedAt position={wait.position} /> : stepText(device)}</p>
            <HolderProgress device={device} />
          </>
        ) : (
          <p className={classes.idle}>{status === 'maintenance' ? 'In maintenance' : 'Not in use'}</p>
        )}
      </div>
      <dl className={classes.figures}>
        <div>
          <dt>Queue</dt>
          <dd>
            <LightLink to={`/queue?device=${encodeURIComponent(id)}`} className={classes.plain}>
              {queue === 0 ? 'empty' : queue === 1 ? '1 waits' : `${queue} wait`}
            </LightLink>
          </dd>
        </div>
        <div>
          <dt>Free</dt>
          <dd>
            <FreeText device={device} wait={wait} />
          </dd>
        </div>
      </dl>
    </li>
  );
});

/** A name never changes, so it is asked for once. */
function WorkflowName({ id }: { id: string }) {
  const { data } = useQuery({
    ...fromWorkflows.read('/workflows/{id}', { params: { path: { id } } }),
    staleTime: Number.POSITIVE_INFINITY,
    retry: false,
  });
  const name = data?.name ?? id;
  return (
    <p className={classes.workflow} title={name}>
      <LightLink to={`/workflows/${encodeURIComponent(id)}`} className={classes.link}>
        {name}
      </LightLink>
    </p>
  );
}

function HolderProgress({ device }: { device: Device }) {
  const now = useLiveNow(1_000);
  const part = progressOf(device, now);
  if (part === null) return null;
  const percent = Math.round(part * 100);
  return (
    <div
      className={classes.progress}
      role="progressbar"
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={percent}
      aria-label={`Progress of ${device.name}: ${percent} percent`}
    >
      <div style={{ width: `${percent}%` }} />
    </div>
  );
}

const FailedAt = ({ position }: { position: number }) => (
  <StatusBadge status="failed" text={`failed at step ${position}`} />
);

function FreeText({ device, wait }: { device: Device; wait: HolderWait | null }) {
  const { free, status, paused, booking, queue_length: queue } = device;
  if (wait?.kind === 'failed') return <>not known</>;
  if (wait) return <HolderWaitText wait={wait} brief />;
  if (status === 'maintenance' || paused || free.at === null || free.seconds === null)
    return <>{status === 'maintenance' || booking || queue > 0 ? 'not known' : 'once it is resumed'}</>;
  if (!booking && queue === 0) return <>now</>;
  const spread = (free.seconds_p90 ?? free.seconds) - free.seconds;
  return <Countdown until={Date.parse(free.at)} spread={spread} />;
}

/** Counts down by itself, to the moment that the estimate names. */
function Countdown({ until, spread }: { until: number; spread: number }) {
  const left = (until - useLiveNow(1_000)) / 1_000;
  if (left < 1) return <>any moment</>;
  return (
    <>
      in {about(left)}
      {spread >= 1 && <span className={classes.spread}>, rarely over {about(left + spread)}</span>}
    </>
  );
}
