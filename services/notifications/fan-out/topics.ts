import { type AnnouncedEvent, severities } from '@labwright/contract-hub/announce';

type Asked = Pick<AnnouncedEvent, 'type' | 'severity' | 'subject'>;

/**
 * The topics of all subscriptions that ask for this event: at most three severities × three types × two devices × two
 * workflows. `topic` of `notification_subscriptions` is spelt the same way.
 */
export function topicsOf({ type, severity, subject }: Asked): string[] {
  const least = severities.slice(0, severities.indexOf(severity) + 1);
  const types = [type, `${type.split('.')[0]}.*`, '*'];
  const devices = subject.device_id === undefined ? ['*'] : [subject.device_id, '*'];
  const workflows = subject.workflow_id === undefined ? ['*'] : [subject.workflow_id, '*'];
  return least.flatMap((severity) =>
    types.flatMap((name) =>
      devices.flatMap((device) => workflows.map((workflow) => `${severity} ${name} ${device} ${workflow}`)),
    ),
  );
}
